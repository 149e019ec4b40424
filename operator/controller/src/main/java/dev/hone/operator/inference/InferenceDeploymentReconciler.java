package dev.hone.operator.inference;

import dev.hone.api.FieldManagers;
import dev.hone.api.Reason;
import dev.hone.api.common.ModelSource;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.InferenceDeploymentStatus;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.engine.DeploymentEngines;
import dev.hone.operator.engine.EngineNeeds;
import dev.hone.operator.engine.EnginePlacement;
import dev.hone.operator.error.ApiRefusal;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.observe.ClusterFacts;
import dev.hone.operator.observe.LiveClusterFacts;
import dev.hone.operator.observe.OwnedWatch;
import dev.hone.operator.observe.RecentAnswers;
import dev.hone.operator.observe.SourceWatch;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.resolve.SourceCatalog;
import dev.hone.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Keeps models served. */
@ControllerConfiguration(name = "inferencedeployment", fieldManager = FieldManagers.OPERATOR)
@GradualRetry(maxAttempts = -1, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
public class InferenceDeploymentReconciler implements Reconciler<InferenceDeployment> {

  /** When to look again at what no event tells about: free GPUs, a pod that gave no answer. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(15);

  /** When to look whether there are nodes of a class that no engine was built for. */
  private static final Duration LOOK_AT_NODES = Duration.ofMinutes(1);

  private static final Duration ASK_AGAIN = Duration.ofSeconds(2);

  private final InferenceSettings settings;
  private final EventRecorder events;
  private final ModelProbe probe;
  private final RouterAccess routers;
  private final FigureSource figures;
  private final Clock clock;
  private final InferenceStatusFactory statuses;
  private final RecentAnswers recent = new RecentAnswers();
  private @Nullable SourceWatch<InferenceDeployment> sources;

  public InferenceDeploymentReconciler(
      InferenceSettings settings,
      EventRecorder events,
      ModelProbe probe,
      RouterAccess routers,
      FigureSource figures,
      Clock clock) {
    this.settings = settings;
    this.routers = routers;
    this.figures = figures;
    this.clock = clock;
    this.events = events;
    this.probe = probe;
    this.statuses = new InferenceStatusFactory(clock);
  }

  @Override
  public List<EventSource<?, InferenceDeployment>> prepareEventSources(
      EventSourceContext<InferenceDeployment> context) {
    SourceWatch<InferenceDeployment> watch =
        new SourceWatch<>(context, InferenceDeploymentReconciler::models);
    sources = watch;
    List<EventSource<?, InferenceDeployment>> eventSources = new ArrayList<>(watch.eventSources());
    eventSources.add(EngineWatch.of(context));
    eventSources.add(OwnedWatch.of(Deployment.class, InferenceDeployment.KIND, context));
    eventSources.add(OwnedWatch.of(Pod.class, InferenceDeployment.KIND, context));
    eventSources.add(OwnedWatch.of(Service.class, InferenceDeployment.KIND, context));
    eventSources.add(OwnedWatch.of(PodDisruptionBudget.class, InferenceDeployment.KIND, context));
    eventSources.add(
        OwnedWatch.of(
            HorizontalPodAutoscaler.class,
            InferenceDeployment.KIND,
            context,
            AutoscalerObstacle::isNews));
    return eventSources;
  }

  /** The models that a resource names. */
  private static List<ModelSource> models(InferenceDeployment resource) {
    return Stream.concat(
            Stream.of(resource.getSpec().model()),
            RolloutReference.source(resource.getSpec().rollout()).stream())
        .toList();
  }

  @Override
  public UpdateControl<InferenceDeployment> reconcile(
      InferenceDeployment resource, Context<InferenceDeployment> context) {
    InferenceView view = InferenceView.of(resource).withGpuResource(settings.gpuResource());
    InferenceDeploymentStatus before =
        Objects.requireNonNullElseGet(resource.getStatus(), InferenceDeploymentStatus::empty);
    SourceCatalog catalog = Objects.requireNonNull(sources).catalog(view.owner().namespace());
    Resolution resolution =
        ModelResolver.resolve(view.owner().namespace(), null, view.model(), catalog);
    ClusterFacts facts =
        new LiveClusterFacts(context.getClient(), view.owner().namespace(), recent, clock);
    InferenceObservation observed = InferenceObserver.observe(view, facts, context);
    InferencePlan plan = InferencePlanner.plan(view, resolution, observed);
    Optional<Deployment> deployment = observed.deployment();
    Optional<RolloutStatus> rolloutBefore = Optional.ofNullable(before.rollout());
    Optional<RolloutPass.Result> pass = Optional.empty();
    if (rolloutBefore.isPresent()) {
      plan = plan.orModel(before.model());
    }
    if (view.rollout() != null) {
      deployment = RolloutPass.stable(view, rolloutBefore, observed);
      plan = unobstructed(plan.goOn(), context.getClient(), view, observed);
    }
    DeploymentEngines engines = new DeploymentEngines(context.getClient(), view.owner());
    Optional<EnginePlacement> placement = Optional.empty();
    if (plan.apply()) {
      InferenceExecutor executor = new InferenceExecutor(context.getClient(), settings);
      try {
        ModelEngines ofModels =
            new ModelEngines(
                view,
                observed.facts(),
                executor,
                engines,
                context.getSecondaryResources(EngineBuild.class));
        Optional<EngineNeeds.Blocked> waits;
        if (view.rollout() == null) {
          placement = ofModels.prepare(Objects.requireNonNull(plan.model()), observed.deployment());
          waits = placement.flatMap(EnginePlacement::blocked);
        } else {
          executor.dropAutoscaler(view.owner(), plan);
          RolloutEngines ofVersions = new RolloutEngines(view.owner().name(), observed, ofModels);
          RolloutPass.Result result =
              new RolloutPass(context.getClient(), settings, routers, figures, clock, ofVersions)
                  .run(
                      view,
                      Objects.requireNonNull(plan.model()),
                      RolloutReference.of(view, catalog),
                      rolloutBefore,
                      observed);
          pass = Optional.of(result);
          deployment = result.stable();
          placement = result.engines();
          waits = result.waits();
        }
        if (waits.isPresent()) {
          plan = plan.block(waits.get().reason(), waits.get().message());
        } else if (view.rollout() == null) {
          rolloutBefore = Optional.empty();
          deployment =
              Optional.of(
                  executor.execute(
                      view,
                      plan,
                      observed,
                      placement.map(EnginePlacement::engines).orElse(List.of())));
        }
      } catch (KubernetesClientException e) {
        Optional<InferencePlan> refused = refused(plan, e);
        if (refused.isEmpty()) {
          return UpdateControl.noUpdate();
        }
        plan = refused.get();
      }
    }
    Optional<RolloutStatus> rolloutNow = rolloutBefore;
    RolloutState rollout = RolloutState.of(deployment);
    Optional<RolloutStatus> takeover = pass.map(RolloutPass.Result::state).or(() -> rolloutNow);
    ServedModel model = takeover.map(RolloutStatus::stable).orElse(plan.model());
    boolean asking = mustAsk(plan, model, rollout, before);
    Optional<ModelProbe.Answer> answer =
        asking ? ask(view, Objects.requireNonNull(model), observed) : Optional.empty();
    Optional<String> obstacle =
        model == null || rollout.complete()
            ? Optional.empty()
            : ServingPods.obstacle(deployment, observed.pods(), model, observed.facts())
                .or(() -> refusal(view, observed, model));
    InferenceDeploymentStatus now =
        statuses.create(
            new InferenceStatusFactory.Input(
                view,
                resolution,
                plan,
                rollout,
                obstacle,
                observed.autoscaler().flatMap(AutoscalerObstacle::of),
                answer,
                takeover,
                placement),
            before);
    if (rollout.complete() && plan.blocked().isEmpty()) {
      // Only now: until then pods of the last version may still load theirs.
      engines.release(
          placement.map(EnginePlacement::released).orElseGet(() -> EngineWatch.keys(context)));
    }
    boolean waits =
        obstacle.isPresent()
            || (model != null && ServingPods.areMounting(observed.pods(), model))
            || placement.filter(found -> !found.ready()).isPresent();
    UpdateControl<InferenceDeployment> control =
        write(
            resource,
            before,
            now,
            context,
            asking && answer.isEmpty()
                ? Optional.of(ASK_AGAIN)
                : waits ? Optional.of(LOOK_AGAIN) : placement.map(found -> LOOK_AT_NODES));
    return sooner(control, pass.flatMap(RolloutPass.Result::lookAgain));
  }

  private UpdateControl<InferenceDeployment> write(
      InferenceDeployment resource,
      InferenceDeploymentStatus before,
      InferenceDeploymentStatus now,
      Context<InferenceDeployment> context,
      Optional<Duration> again) {
    StatusWriter.Outcome outcome =
        StatusWriter.write(context, resource, new InferenceDeployment(), before, now);
    if (outcome != StatusWriter.Outcome.UNCHANGED) {
      events.transition(context.getClient(), resource, before.conditions(), now.conditions());
      tellStep(resource, before.rollout(), now.rollout(), context);
    }
    UpdateControl<InferenceDeployment> control = UpdateControl.noUpdate();
    if (outcome == StatusWriter.Outcome.OVERTAKEN) {
      return control.rescheduleAfter(Duration.ZERO);
    }
    again.ifPresent(control::rescheduleAfter);
    return control;
  }

  /** An event for each stage and step of a rollout; a failure is told by the condition's. */
  private void tellStep(
      InferenceDeployment resource,
      @Nullable RolloutStatus before,
      @Nullable RolloutStatus now,
      Context<InferenceDeployment> context) {
    if (now != null
        && now.stage() != RolloutStage.ROLLED_BACK
        && (before == null || !now.since().equals(before.since()))) {
      events.step(
          context.getClient(),
          resource,
          now.stage() == RolloutStage.COMPLETE ? Reason.AVAILABLE : Reason.DEPLOYING,
          now.decision());
    }
  }

  private static UpdateControl<InferenceDeployment> sooner(
      UpdateControl<InferenceDeployment> control, Optional<Duration> wanted) {
    Optional<Duration> planned = control.getScheduleDelay().map(Duration::ofMillis);
    return wanted
        .filter(delay -> planned.isEmpty() || delay.compareTo(planned.get()) < 0)
        .map(control::rescheduleAfter)
        .orElse(control);
  }

  private static InferencePlan unobstructed(
      InferencePlan plan,
      KubernetesClient client,
      InferenceView view,
      InferenceObservation observed) {
    return plan.apply()
        ? RolloutObjects.inTheWay(client, view.owner(), observed)
            .map(sentence -> plan.block(Reason.INVALID, sentence))
            .orElse(plan)
        : plan;
  }

  /** The plan after a refusal; empty if the namespace is going away and nothing is left to say. */
  private static Optional<InferencePlan> refused(
      InferencePlan plan, KubernetesClientException error) {
    ApiRefusal refusal = ApiRefusal.of(error).orElseThrow(() -> error);
    String sentence = "the API server refuses the deployment: " + refusal.message();
    return refusal.reason().map(reason -> plan.block(reason, sentence));
  }

  /** A pod is asked when the rollout is complete and something about it is new. */
  private static boolean mustAsk(
      InferencePlan plan,
      @Nullable ServedModel model,
      RolloutState rollout,
      InferenceDeploymentStatus before) {
    return model != null
        && plan.blocked().isEmpty()
        && rollout.complete()
        && rollout.ready() > 0
        && (before.provider() == null
            || !Objects.equals(before.readyReplicas(), rollout.ready())
            || !Objects.equals(before.model(), plan.model())
            || (model.digest() != null && !model.digest().equals(before.servedDigest())));
  }

  /** A pod that must not use the CPU runs and stays unready for good; only it can say why. */
  private Optional<String> refusal(
      InferenceView view, InferenceObservation observed, ServedModel model) {
    return view.refusesCpu()
        ? ServingPods.running(observed.pods(), model).flatMap(probe::refusal)
        : Optional.empty();
  }

  private Optional<ModelProbe.Answer> ask(
      InferenceView view, ServedModel model, InferenceObservation observed) {
    return ServingPods.ready(observed.pods(), model)
        .flatMap(pod -> probe.ask(pod, view.owner().name(), view.backend()));
  }
}
