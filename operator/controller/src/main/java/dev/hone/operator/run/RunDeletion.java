package dev.hone.operator.run;

import dev.hone.api.HoneApi;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.desired.DeletionJob;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
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
    DeletionExecutor<R> executor =
        new DeletionExecutor<>(resource, HoneApi.ARTIFACTS_FINALIZER, events, context);
    DeletionStep planned =
        DeletionPlanner.plan(view, observed, before, new LiveDeletionFacts(client, view.owner()));
    DeletionStep step =
        planned instanceof DeletionStep.Start start
            ? executor.start(job(view, start), start, "the artifacts below " + view.output())
            : planned;
    return switch (step) {
      case DeletionStep.LetGo letGo -> {
        executor.letGo(letGo, DeletionPlanner.name(view));
        yield UpdateControl.noUpdate();
      }
      case DeletionStep.Gone _ -> UpdateControl.noUpdate();
      case DeletionStep.EndRuns end -> {
        executor.end(end);
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

  private Job job(RunView view, DeletionStep.Start start) {
    return DeletionJob.ofRuns(
            view.owner(),
            view.output(),
            start.ids(),
            settings.images().trainer(),
            settings.pullPolicy(),
            view.resources(),
            view.podTemplate())
        .build();
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
