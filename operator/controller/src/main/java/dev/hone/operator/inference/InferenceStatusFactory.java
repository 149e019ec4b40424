package dev.hone.operator.inference;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.InferenceDeploymentStatus;
import dev.hone.api.inference.InferenceSummary;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.engine.EnginePlacement;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.status.ConditionSet;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the status of an InferenceDeployment. */
final class InferenceStatusFactory {

  private static final int SHORT_DIGEST = 12;

  /** A text model of Hone's own server takes text as well. */
  private static final String TENSORS_ALONE = "; Triton takes the model's tensors, and no text";

  private final Clock clock;

  InferenceStatusFactory(Clock clock) {
    this.clock = clock;
  }

  /**
   * What the status is made from.
   *
   * @param view what is wanted
   * @param resolution what became of the model
   * @param plan what was decided
   * @param rollout how far the pods are
   * @param obstacle what keeps a pod from getting ready, as a sentence
   * @param unscaled why the autoscaler cannot decide, as a sentence
   * @param answer what a ready pod says of its model, if it was asked
   * @param takeover how a new version takes over, with spec.rollout
   * @param engines what the pods may load, if the spec asks for engines
   */
  record Input(
      InferenceView view,
      Resolution resolution,
      InferencePlan plan,
      RolloutState rollout,
      Optional<String> obstacle,
      Optional<String> unscaled,
      Optional<ModelProbe.Answer> answer,
      Optional<RolloutStatus> takeover,
      Optional<EnginePlacement> engines) {

    /** Of a resource without spec.rollout and spec.engine. */
    Input(
        InferenceView view,
        Resolution resolution,
        InferencePlan plan,
        RolloutState rollout,
        Optional<String> obstacle,
        Optional<ModelProbe.Answer> answer) {
      this(
          view,
          resolution,
          plan,
          rollout,
          obstacle,
          Optional.empty(),
          answer,
          Optional.empty(),
          Optional.empty());
    }

    /** How many pods are wanted: as the spec says, or as the autoscaler does. */
    int replicas() {
      if (view.autoscaling() == null) {
        return view.replicas();
      }
      boolean made = rollout.wanted() > 0 || rollout.complete();
      return made ? rollout.wanted() : view.atLeast();
    }

    /** What the pods are made for that the state of the pods is about. */
    @Nullable ServedModel served() {
      return takeover.map(RolloutStatus::stable).orElse(plan.model());
    }
  }

  InferenceDeploymentStatus create(Input in, InferenceDeploymentStatus before) {
    RolloutState rollout = in.rollout();
    ServedModel model = in.plan().model();
    String served = servedDigest(in, before);
    return InferenceDeploymentStatus.empty().toBuilder()
        .observedGeneration(in.view().generation())
        .conditions(conditions(in, served, before))
        .model(model)
        .servedDigest(served)
        .endpoint(
            model == null
                ? null
                : Names.endpoint(
                    in.view().owner().namespace(),
                    in.view().owner().name(),
                    in.view().access().isEncrypted()))
        .provider(in.answer().map(ModelProbe.Answer::provider).orElse(before.provider()))
        .replicas(in.replicas())
        .readyReplicas(rollout.ready())
        .selector(selector(in.view().owner().name()))
        .rollout(in.takeover().orElse(null))
        .summary(new InferenceSummary(rollout.ready() + "/" + in.replicas(), shortDigest(served)))
        .build();
  }

  private java.util.List<io.fabric8.kubernetes.api.model.Condition> conditions(
      Input in, @Nullable String served, InferenceDeploymentStatus before) {
    State state = state(in, served);
    RolloutState rollout = in.rollout();
    boolean serving = rollout.available() > 0;
    Reason availability =
        !serving
            ? Reason.UNAVAILABLE
            : rollout.available() < rollout.wanted() ? Reason.DEGRADED : Reason.AVAILABLE;
    ConditionSet conditions =
        new ConditionSet(clock, in.view().generation(), before.conditions())
            .set(ConditionTypes.READY, state.ready(), state.reason(), state.message())
            .set(
                ConditionTypes.AVAILABLE,
                serving,
                availability,
                "%d of %d replicas are available".formatted(rollout.available(), rollout.wanted()))
            .set(
                ConditionTypes.REFERENCES_RESOLVED,
                in.resolution().isResolved(),
                in.resolution().reason(),
                in.resolution().message());
    in.engines()
        .ifPresent(
            engines ->
                conditions.set(
                    ConditionTypes.ENGINES_READY,
                    engines.ready(),
                    engines.reason(),
                    engines.message()));
    return conditions.build();
  }

  private record State(boolean ready, Reason reason, String message) {}

  private static State state(Input in, @Nullable String served) {
    Optional<InferencePlan.Blocked> blocked = in.plan().blocked();
    if (blocked.isPresent()) {
      return new State(false, blocked.get().reason(), blocked.get().message());
    }
    RolloutStatus takeover = in.takeover().orElse(null);
    if (takeover != null && takeover.stage() == RolloutStage.ROLLED_BACK) {
      return new State(false, Reason.ROLLED_BACK, takeover.decision());
    }
    if (takeover != null && takeover.candidate() != null) {
      return new State(false, Reason.DEPLOYING, takeover.decision());
    }
    RolloutState rollout = in.rollout();
    ServedModel model = Objects.requireNonNull(in.served());
    if (rollout.complete()) {
      return new State(true, Reason.AVAILABLE, availableMessage(in, model, served));
    }
    boolean known = served != null && served.equals(model.digest());
    String count = "%d of %d replicas are ready".formatted(rollout.ready(), in.replicas());
    String why = in.obstacle().map(obstacle -> ": " + obstacle).orElse("");
    if (!known) {
      return new State(false, Reason.DEPLOYING, "rolls out " + name(model) + "; " + count + why);
    }
    return new State(
        false, rollout.available() > 0 ? Reason.DEGRADED : Reason.UNAVAILABLE, count + why);
  }

  private static String availableMessage(Input in, ServedModel model, @Nullable String served) {
    if (in.replicas() == 0) {
      return in.view().autoscaling() == null
          ? "spec.replicas is 0: nothing is served"
          : "Deployment %s was scaled to 0, where its autoscaler rests: nothing is served; scale it to 1 or more"
              .formatted(deployment(in, model));
    }
    String what = served == null ? name(model) : ModelResolver.shortDigest(served);
    String text = "%d of %d replicas serve %s".formatted(in.rollout().ready(), in.replicas(), what);
    String unscaled = in.unscaled().map(why -> "; its autoscaler cannot decide: " + why).orElse("");
    return text
        + (in.view().backend() == Backend.TRITON ? TENSORS_ALONE : "")
        + unscaled
        + (in.resolution().isResolved() ? "" : "; " + in.resolution().message());
  }

  private static String deployment(Input in, ServedModel model) {
    String name = in.view().owner().name();
    return in.takeover().isPresent() ? ModelVersion.name(name, model) : Names.deployment(name);
  }

  /** The pods that serve; those of a rollout's routers compute nothing. */
  private static String selector(String name) {
    return "%s=%s,%s=%s,%s!=%s"
        .formatted(
            Labels.KIND,
            InferenceDeployment.KIND,
            Labels.NAME,
            name,
            Labels.ROLE,
            Labels.ROLE_ROUTER);
  }

  private static String name(ServedModel model) {
    return model.digest() == null ? model.uri() : ModelResolver.shortDigest(model.digest());
  }

  /** A rollout that is not complete serves two versions: the old one counts until it is gone. */
  private static @Nullable String servedDigest(Input in, InferenceDeploymentStatus before) {
    ServedModel model = in.served();
    if (model == null || !in.rollout().complete() || in.plan().blocked().isPresent()) {
      return before.servedDigest();
    }
    return model.digest() != null
        ? model.digest()
        : in.answer().map(ModelProbe.Answer::digest).orElse(before.servedDigest());
  }

  private static @Nullable String shortDigest(@Nullable String digest) {
    if (digest == null) {
      return null;
    }
    String hex = digest.substring(digest.indexOf(':') + 1);
    return hex.length() <= SHORT_DIGEST ? hex : hex.substring(0, SHORT_DIGEST);
  }
}
