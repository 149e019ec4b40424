package dev.hone.operator.run;

import dev.hone.api.HoneApi;
import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.desired.DeletionJob;
import dev.hone.operator.error.ApiRefusal;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Deletes what the runs of a resource have written before the resource goes, if it asks for that.
 * Without that wish a resource has no finalizer, and its deletion never comes here.
 */
final class RunDeletion {

  /** When to look again at what no event tells about: who still reads an artifact, a quota. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  private final RunSettings settings;
  private final EventRecorder events;
  private final RunStatusFactory statuses;

  RunDeletion(RunSettings settings, EventRecorder events, RunStatusFactory statuses) {
    this.settings = settings;
    this.events = events;
    this.statuses = statuses;
  }

  /** Gives a resource the finalizer that it needs, and takes the one that it does not. */
  static void settleFinalizer(RunView view, Context<? extends CustomResource<?, ?>> context) {
    if (view.deletesArtifacts()) {
      context.resourceOperations().addFinalizer(HoneApi.ARTIFACTS_FINALIZER);
    } else {
      context.resourceOperations().removeFinalizer(HoneApi.ARTIFACTS_FINALIZER);
    }
  }

  /** One pass over a resource that is being deleted. */
  <R extends CustomResource<?, RunStatus>> UpdateControl<R> reconcile(
      R resource, Supplier<R> blank, RunView view, RunObservation observed, Context<R> context) {
    if (!resource.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER)) {
      return UpdateControl.noUpdate();
    }
    KubernetesClient client = context.getClient();
    RunStatus before = RunStatus.withoutProgress(resource.getStatus());
    DeletionStep planned =
        DeletionPlanner.plan(view, observed, before, new LiveDeletionFacts(client, view.owner()));
    DeletionStep step = planned;
    if (planned instanceof DeletionStep.Start start) {
      // The cache may not have seen yet that the resource is gone, and nobody would end the Job.
      R live = client.resource(resource).get();
      if (live == null || !live.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER)) {
        return UpdateControl.noUpdate();
      }
      step = start(client, view, start);
    }
    return switch (step) {
      case DeletionStep.LetGo letGo -> letGo(resource, view, letGo, context);
      case DeletionStep.EndRuns end -> {
        end.jobs().forEach(job -> delete(client, job));
        yield say(resource, blank, view, end.message(), context);
      }
      case DeletionStep.Await await -> say(resource, blank, view, await.message(), context);
      case DeletionStep.Start started -> say(resource, blank, view, started.message(), context);
      case DeletionStep.LookAgain again -> {
        UpdateControl<R> control = say(resource, blank, view, again.message(), context);
        yield control.rescheduleAfter(LOOK_AGAIN);
      }
    };
  }

  private DeletionStep start(KubernetesClient client, RunView view, DeletionStep.Start start) {
    Job job =
        new DeletionJob(
                view.owner(),
                view.output(),
                start.hashes(),
                settings.image(),
                settings.pullPolicy(),
                view.resources(),
                view.podTemplate())
            .build();
    try {
      client.resource(job).create();
      return start;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return start;
      }
      ApiRefusal refusal = ApiRefusal.of(e).orElseThrow(() -> e);
      return switch (refusal.kind()) {
        case TERMINATING -> new DeletionStep.LetGo(null);
        case FORBIDDEN ->
            new DeletionStep.LookAgain(
                "the API server refuses the Job that deletes the artifacts: " + refusal.message());
        case INVALID ->
            new DeletionStep.LetGo(
                "the artifacts stay below %s: the API server refuses the Job that deletes them: %s"
                    .formatted(view.output(), refusal.message()));
      };
    }
  }

  /** First the finalizer, then the Job: a Job too much goes by itself, a resource does not. */
  private <R extends CustomResource<?, RunStatus>> UpdateControl<R> letGo(
      R resource, RunView view, DeletionStep.LetGo letGo, Context<R> context) {
    KubernetesClient client = context.getClient();
    if (letGo.kept() != null) {
      events.warn(client, resource, Reason.ARTIFACT_KEPT, letGo.kept());
    }
    context.resourceOperations().removeFinalizer(HoneApi.ARTIFACTS_FINALIZER);
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(view.owner().namespace())
        .withName(DeletionPlanner.name(view))
        .withPropagationPolicy(DeletionPropagation.BACKGROUND)
        .delete();
    return UpdateControl.noUpdate();
  }

  private static void delete(KubernetesClient client, Job job) {
    client.resource(job).withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
  }

  private <R extends CustomResource<?, RunStatus>> UpdateControl<R> say(
      R resource, Supplier<R> blank, RunView view, String message, Context<R> context) {
    RunStatus before = RunStatus.withoutProgress(resource.getStatus());
    RunStatus now = statuses.deleting(view, message, before);
    StatusWriter.Outcome outcome = StatusWriter.write(context, resource, blank.get(), before, now);
    if (outcome != StatusWriter.Outcome.UNCHANGED) {
      events.transition(context.getClient(), resource, before.conditions(), now.conditions());
    }
    return UpdateControl.noUpdate();
  }
}
