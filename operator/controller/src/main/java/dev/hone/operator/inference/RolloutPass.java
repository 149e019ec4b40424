package dev.hone.operator.inference;

import dev.hone.api.Reason;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.desired.ServingAutoscaler;
import dev.hone.operator.engine.EngineNeeds;
import dev.hone.operator.engine.EnginePlacement;
import dev.hone.operator.rollout.RolloutFacts;
import dev.hone.operator.rollout.RolloutPolicy;
import dev.hone.operator.rollout.RolloutScaling;
import dev.hone.operator.rollout.RolloutStateMachine;
import dev.hone.operator.rollout.StageFigures;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One pass over a rollout: look, decide, apply, tell the routers, and drop what nobody needs. */
final class RolloutPass {

  /** When to look again where routers have not taken the configuration, or check a golden set. */
  private static final Duration SOON = Duration.ofSeconds(2);

  private static final Duration LATER = Duration.ofSeconds(15);

  private static final Duration WINDOW = Duration.ofSeconds(ServingAutoscaler.CALM_SECONDS);

  private final KubernetesClient client;
  private final InferenceSettings settings;
  private final RouterAccess routers;
  private final FigureSource figures;
  private final Clock clock;
  private final RolloutEngines engines;

  RolloutPass(
      KubernetesClient client,
      InferenceSettings settings,
      RouterAccess routers,
      FigureSource figures,
      Clock clock,
      RolloutEngines engines) {
    this.engines = engines;
    this.client = client;
    this.settings = settings;
    this.routers = routers;
    this.figures = figures;
    this.clock = clock;
  }

  /**
   * What came of it.
   *
   * @param state the state that was decided and carried out
   * @param stable the Deployment of the stable version; empty while its engine is built
   * @param engines the engines of all versions, if the spec asks for engines
   * @param waits why the only version cannot be served as the spec says yet, if it cannot
   * @param routed whether all routers have the configuration
   * @param lookAgain when to look again; empty if events tell everything
   */
  record Result(
      RolloutStatus state,
      Optional<Deployment> stable,
      Optional<EnginePlacement> engines,
      Optional<EngineNeeds.Blocked> waits,
      boolean routed,
      Optional<Duration> lookAgain) {}

  /** The Deployment of the stable version. */
  static Optional<Deployment> stable(
      InferenceView view, Optional<RolloutStatus> state, InferenceObservation observed) {
    return state.flatMap(found -> version(view, found.stable(), observed)).or(observed::deployment);
  }

  /** The pass. */
  Result run(
      InferenceView view,
      ServedModel wanted,
      RolloutReference reference,
      Optional<RolloutStatus> before,
      InferenceObservation observed) {
    Owner owner = view.owner();
    Optional<AutoscaledReplicas> autoscaled =
        Optional.ofNullable(view.autoscaling())
            .map(autoscaling -> AutoscaledReplicas.look(client, owner, autoscaling));
    RolloutPolicy policy =
        RolloutPolicy.of(
            Objects.requireNonNull(view.rollout()),
            autoscaled.map(AutoscaledReplicas::pods).orElseGet(view::replicas),
            autoscaled.isPresent());
    var machine = new RolloutStateMachine(policy, view.generation(), clock.instant());
    RolloutStatus state =
        before
            .map(last -> machine.next(wanted, last, facts(view, policy, last, reference, observed)))
            .orElseGet(
                () ->
                    machine.first(
                        observed.deployment().map(InferencePlanner::served).orElse(wanted)));
    Optional<ServedModel> beside = policy.goldenSet() ? reference.pod(state) : Optional.empty();
    // A program that just started is slow: what it does first tells nothing of what clients will
    // get.
    String routing =
        RoutingDocument.of(
            owner, state, beside, policy.sampleShare(), policy.minRequests(), view.access());
    RolloutObjects objects = new RolloutObjects(client, settings, view, observed, engines, routers);
    RolloutScaling scaling = RolloutScaling.of(state, WINDOW, clock.instant());
    // The Deployment from before a rollout policy has the load until it is dropped.
    boolean scalesDown = scaling.scalesDown() && observed.deployment().isEmpty();
    Optional<Scaled> scaled =
        autoscaled.map(
            found ->
                new Scaled(
                    scaling.target(),
                    found.handOver(ModelVersion.name(owner.name(), scaling.target()), scalesDown)));
    Optional<Deployment> stable =
        objects.version(state.stable(), replicas(state.stable(), policy.stablePods(state), scaled));
    ServedModel candidate = state.candidate();
    if (candidate != null) {
      objects.version(candidate, replicas(candidate, policy.candidatePods(state), scaled));
    }
    beside.ifPresent(model -> objects.version(model, 1));
    objects.router(routing);
    boolean routed = tell(owner, observed.pods(), routing);
    boolean fronted = objects.front(routed && RolloutState.of(stable).complete());
    if (routed && fronted) {
      objects.dropAllBut(state, beside);
    }
    Optional<Duration> calm =
        autoscaled.isPresent() && !scaling.scalesDown()
            ? Optional.of(scaling.calm())
            : Optional.empty();
    return new Result(
        state,
        stable,
        engines.all(state, beside),
        candidate == null
            ? engines
                .waits(state.stable())
                .or(
                    () ->
                        RolloutState.of(stable).complete()
                            ? routersWait(view, observed)
                            : Optional.empty())
            : Optional.empty(),
        routed,
        lookAgain(state, policy, routed)
            .or(() -> ServingPods.areRoutersMounting(observed.pods()) ? Optional.of(LATER) : calm));
  }

  /** What keeps routers from starting: they alone have the Secrets that a user names. */
  private static Optional<EngineNeeds.Blocked> routersWait(
      InferenceView view, InferenceObservation observed) {
    return view.access().isOpen()
        ? Optional.empty()
        : ServingPods.routersObstacle(observed.pods(), observed.facts())
            .map(why -> new EngineNeeds.Blocked(Reason.DEPLOYING, "waits for the routers: " + why));
  }

  /** What is applied of the number of pods of the version that an autoscaler scales. */
  private record Scaled(ServedModel model, @Nullable Integer applied) {}

  private static @Nullable Integer replicas(
      ServedModel model, int otherwise, Optional<Scaled> scaled) {
    return scaled.isPresent() && scaled.get().model().equals(model)
        ? scaled.get().applied()
        : Integer.valueOf(otherwise);
  }

  private RolloutFacts facts(
      InferenceView view,
      RolloutPolicy policy,
      RolloutStatus last,
      RolloutReference reference,
      InferenceObservation observed) {
    Optional<Deployment> stable = version(view, last.stable(), observed);
    ServedModel candidate = last.candidate();
    if (candidate == null) {
      return RolloutFacts.ofStable(RolloutState.of(stable).complete());
    }
    Optional<Deployment> trial = version(view, candidate, observed);
    boolean scaled =
        view.autoscaling() != null
            && RolloutScaling.of(last, WINDOW, clock.instant()).target().equals(candidate);
    return new RolloutFacts(
        RolloutState.of(stable).complete(),
        // An informer may still have the Deployment from before its number of pods changed.
        RolloutState.of(trial).complete()
            && (scaled || RolloutState.of(trial).wanted() == policy.candidatePods(last)),
        engines
            .failure(candidate)
            .or(() -> ServingPods.refusal(observed.pods(), candidate))
            .or(() -> deadline(trial)),
        engines
            .waits(candidate)
            .map(EngineNeeds.Blocked::message)
            .or(() -> ServingPods.obstacle(trial, observed.pods(), candidate, observed.facts())),
        ServingPods.noRoom(observed.pods(), candidate),
        GoldenSetCheck.asked(view, last)
            .map(
                key ->
                    new GoldenSetCheck(client, routers, view.owner(), reference, observed)
                        .look(key, last)),
        last.stage().isBeforeTraffic()
            ? StageFigures.none("the candidate gets no requests yet")
            : figures.look(view.owner(), last, ServingPods.routers(observed.pods())));
  }

  private static Optional<Deployment> version(
      InferenceView view, ServedModel model, InferenceObservation observed) {
    return observed.version(view.owner().name(), model);
  }

  private static Optional<String> deadline(Optional<Deployment> deployment) {
    return deployment
        .filter(found -> found.getStatus() != null)
        .flatMap(
            found ->
                found.getStatus().getConditions().stream()
                    .filter(condition -> "ProgressDeadlineExceeded".equals(condition.getReason()))
                    .map(condition -> String.valueOf(condition.getMessage()))
                    .findFirst());
  }

  /** Sends the configuration to all routers; whether each has taken it, and there is one. */
  private boolean tell(Owner owner, List<Pod> pods, String routing) {
    List<Pod> ready = ServingPods.routers(pods);
    long taken =
        ready.stream().filter(pod -> routers.client().configure(owner, pod, routing)).count();
    return taken > 0 && taken == ready.size();
  }

  private static Optional<Duration> lookAgain(
      RolloutStatus state, RolloutPolicy policy, boolean routed) {
    if (!routed) {
      return Optional.of(SOON);
    }
    return switch (state.stage()) {
      case SHADOW, CANARY, SOAKING -> Optional.of(policy.interval());
      case GOLDEN_SET -> Optional.of(SOON);
      case PREPARING -> Optional.of(LATER);
      default -> Optional.empty();
    };
  }
}
