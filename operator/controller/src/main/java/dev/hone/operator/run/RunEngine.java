package dev.hone.operator.run;

import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.error.ApiRefusal;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.observe.LiveClusterFacts;
import dev.hone.operator.observe.RecentAnswers;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.resolve.SourceCatalog;
import dev.hone.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One pass over a resource that is run once: observe, resolve, plan, act, write the status, tell.
 */
public final class RunEngine {

  /**
   * When to look again at what no event tells about: free GPUs, a quota. What has waited for long
   * is looked at less often, for thousands may wait.
   */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(15);

  private static final Duration LOOK_AGAIN_AT_LAST = Duration.ofMinutes(5);
  private static final int SHARE_OF_THE_WAIT = 10;

  private final RunSettings settings;
  private final EventRecorder events;
  private final RunListener listener;
  private final RunDeletion deletion;
  private final Clock clock;
  private final RecentAnswers recent = new RecentAnswers();

  /** Creates an engine. */
  public RunEngine(RunSettings settings, EventRecorder events, RunListener listener, Clock clock) {
    this.settings = settings;
    this.events = events;
    this.listener = listener;
    this.clock = clock;
    this.deletion = new RunDeletion(settings, events, new RunStatusFactory(clock));
  }

  /** Makes the status from what was found; a kind adds what only it knows. */
  @FunctionalInterface
  public interface StatusMaker {

    /** The status. */
    RunStatus make(RunView view, Resolution resolution, RunState state, RunStatus before);
  }

  /**
   * One pass.
   *
   * @param resource the resource
   * @param blank makes an object of its kind without anything in it
   * @param asked the same resource as the run logic sees it
   * @param catalog the resources that it may refer to
   * @param maker makes its status
   */
  public <R extends CustomResource<?, RunStatus>> UpdateControl<R> reconcile(
      R resource,
      Supplier<R> blank,
      RunView asked,
      SourceCatalog catalog,
      StatusMaker maker,
      Context<R> context) {
    RunView view = asked.with(settings);
    if (context.isPrimaryResourceDeleted()) {
      return UpdateControl.noUpdate();
    }
    if (resource.isMarkedForDeletion()) {
      return deletion.reconcile(resource, blank, view, observe(view, context), context);
    }
    RunDeletion.settleFinalizer(view, context);
    RunStatus before = RunStatus.withoutProgress(resource.getStatus());
    Resolution resolution =
        ModelResolver.resolve(view.owner().namespace(), view.self(), view.model(), catalog)
            .with(view.others());
    RunPlan plan =
        RunPlanner.plan(
            new RunInput(
                view, resolution, observe(view, context), status(resource), clock.instant()));
    RunState state;
    try {
      Optional<Job> started =
          new RunExecutor(context.getClient(), settings).execute(view, resolution.model(), plan);
      started.ifPresent(job -> listener.started(view.owner().kind()));
      state = started.map(plan.state()::withJob).orElse(plan.state());
    } catch (KubernetesClientException e) {
      Optional<RunState> refused = refused(plan.state(), e);
      if (refused.isEmpty()) {
        return UpdateControl.noUpdate();
      }
      state = refused.get();
    }
    RunStatus now = maker.make(view, resolution, state, before);
    StatusWriter.Outcome outcome = StatusWriter.write(context, resource, blank.get(), before, now);
    if (outcome != StatusWriter.Outcome.UNCHANGED) {
      events.transition(context.getClient(), resource, before.conditions(), now.conditions());
      listener.compare(view, before, now);
    }
    UpdateControl<R> control = UpdateControl.noUpdate();
    if (outcome == StatusWriter.Outcome.OVERTAKEN) {
      return control.rescheduleAfter(Duration.ZERO);
    }
    return needsAnotherLook(state) ? control.rescheduleAfter(nextLook(state)) : control;
  }

  private Duration nextLook(RunState state) {
    if (state.job() == null || state.job().getMetadata().getCreationTimestamp() == null) {
      return LOOK_AGAIN;
    }
    Instant created = Instant.parse(state.job().getMetadata().getCreationTimestamp());
    Duration share = Duration.between(created, clock.instant()).dividedBy(SHARE_OF_THE_WAIT);
    return Collections.min(
        List.of(LOOK_AGAIN_AT_LAST, Collections.max(List.of(LOOK_AGAIN, share))));
  }

  /** The state after a refusal; empty if the namespace is going away and nothing is left to say. */
  private static Optional<RunState> refused(RunState planned, KubernetesClientException error) {
    ApiRefusal refusal = ApiRefusal.of(error).orElseThrow(() -> error);
    String sentence = "the API server refuses the run: " + refusal.message();
    return refusal.reason().map(reason -> planned.as(reason, sentence));
  }

  /** Whether the state may change without an event that reaches us. */
  private static boolean needsAnotherLook(RunState state) {
    return state.reason() == Reason.PENDING
        || state.reason() == Reason.QUEUED
        || state.reason() == Reason.VOLUME_NOT_SHARED;
  }

  private <R extends CustomResource<?, RunStatus>> RunObservation observe(
      RunView view, Context<R> context) {
    List<Job> jobs = new ArrayList<>(context.getSecondaryResources(Job.class));
    List<Pod> pods = new ArrayList<>(context.getSecondaryResources(Pod.class));
    List<ConfigMap> configMaps = new ArrayList<>(context.getSecondaryResources(ConfigMap.class));
    List<Service> services = new ArrayList<>(context.getSecondaryResources(Service.class));
    return new RunObservation(
        view.owner(),
        jobs,
        pods,
        configMaps,
        services,
        new LiveClusterFacts(context.getClient(), view.owner().namespace(), recent, clock));
  }

  private static RunStatus status(CustomResource<?, RunStatus> resource) {
    return resource.getStatus() == null ? RunStatus.empty() : resource.getStatus();
  }
}
