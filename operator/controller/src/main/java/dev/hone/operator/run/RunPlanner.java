package dev.hone.operator.run;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.JobReference;
import dev.hone.contract.RunResult;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides what becomes of a run. Pure: the same input always gives the same plan. */
public final class RunPlanner {

  private static final String CANCELED_MESSAGE =
      "spec.runPolicy.cancel ended the run; to start another one, take it back together with a new value of spec.rerun";

  private static final String NO_LITE_RT =
      "spec.export.tfLite runs in an image with LiteRT, and the operator was given none; make it with images/build"
          + " trainer-litert, and name it in the chart's value images.trainerLiteRt";

  private RunPlanner() {}

  /** The plan for what is wanted and what is there. */
  public static RunPlan plan(RunInput in) {
    Optional<String> refused = in.view().unsupported();
    if (refused.isPresent()) {
      return refuse(in, Reason.UNSUPPORTED, refused.get());
    }
    // What was made before stays, whatever the operator is given now.
    if (lacksImage(in) && in.before().job() == null) {
      return refuse(in, Reason.UNSUPPORTED, NO_LITE_RT);
    }
    if (in.resolution().isCycle()) {
      return refuse(in, Reason.INVALID, in.resolution().message());
    }
    Optional<String> wanted = in.wantedHash();
    String hash = wanted.isPresent() ? wanted.get() : recordedHash(in);
    if (RunJob.cancel(in.view().policy()) && !hasEnded(in, hash)) {
      return cancel(in, hash);
    }
    if (wanted.isPresent()) {
      return follow(in, wanted.get(), true);
    }
    // A source that is not ready any more does not take back the run that was made from it.
    JobReference current = in.before().job();
    if (current != null) {
      return follow(in, current.hash(), false);
    }
    return new RunPlan(waiting(in), List.of());
  }

  private static RunPlan refuse(RunInput in, Reason reason, String message) {
    return new RunPlan(
        RunState.of(reason, message), endOthers(in, null, "its resource is " + reason));
  }

  private static RunPlan cancel(RunInput in, @Nullable String hash) {
    Job job =
        hash == null ? null : in.observed().job(hash).filter(in.observed()::isOurs).orElse(null);
    return new RunPlan(
        new RunState(Reason.CANCELLED, CANCELED_MESSAGE, hash, job, null, null),
        endOthers(in, null, "its run is canceled"));
  }

  /** Whether there is nothing to cancel any more: a result or a failure was there before. */
  private static boolean hasEnded(RunInput in, @Nullable String hash) {
    if (hash == null || isReady(in, Reason.CANCELLED)) {
      return false;
    }
    Optional<Job> ours = in.observed().job(hash).filter(in.observed()::isOurs);
    return hasFailed(in, hash)
        || ours.filter(JobStates::isFailed).isPresent()
        || RunResults.find(in, hash, ours.orElse(null)).isPresent();
  }

  private static @Nullable String recordedHash(RunInput in) {
    JobReference recorded = in.before().job();
    return recorded == null ? null : recorded.hash();
  }

  private static RunState waiting(RunInput in) {
    return RunState.of(Reason.WAITING_FOR_REFERENCE, in.resolution().message());
  }

  private static RunPlan follow(RunInput in, String hash, boolean mayStart) {
    List<RunAction> actions = new ArrayList<>(endOthers(in, hash, "another run is wanted now"));
    Optional<Job> job = in.observed().job(hash);
    Job ours = job.filter(in.observed()::isOurs).orElse(null);
    Optional<RunResult> result = RunResults.find(in, hash, ours);
    if (result.isPresent()) {
      ifPatched(in, ours, actions);
      return new RunPlan(finished(result.get(), hash, ours), actions);
    }
    if (job.isEmpty()) {
      return missing(in, hash, mayStart, actions);
    }
    // A Job that failed and whose time to live is over is no reason to try the same once more.
    if (job.get().isMarkedForDeletion() && hasFailed(in, hash)) {
      return new RunPlan(failedBefore(in, hash), actions);
    }
    if (job.get().isMarkedForDeletion() && !(ours != null && JobStates.isFailed(ours))) {
      String sentence =
          "waits for the earlier Job %s to be gone".formatted(job.get().getMetadata().getName());
      return new RunPlan(RunState.of(Reason.PENDING, sentence, hash, null), actions);
    }
    if (ours == null) {
      return new RunPlan(foreign(in, job.get(), hash), actions);
    }
    RunState state = JobStates.of(in, hash, ours);
    Optional<RunState> late = PendingDeadline.exceeded(in, ours, state);
    if (late.isPresent()) {
      actions.add(new RunAction.End(ours, "its pods did not start in time"));
      return new RunPlan(late.get(), actions);
    }
    ifPatched(in, ours, actions);
    if (mayStart && !JobStates.isFinished(ours) && in.observed().config(hash).isEmpty()) {
      actions.add(new RunAction.RestoreConfig(hash));
    }
    boolean connected = in.view().nodes() == 1 || in.observed().service(hash, ours).isPresent();
    if (!connected && !JobStates.isFinished(ours)) {
      actions.add(new RunAction.Connect(ours, hash));
    }
    return new RunPlan(state, actions);
  }

  private static RunPlan missing(
      RunInput in, String hash, boolean mayStart, List<RunAction> actions) {
    if (hasFailed(in, hash)) {
      return new RunPlan(failedBefore(in, hash), actions);
    }
    if (!mayStart) {
      return new RunPlan(waiting(in), actions);
    }
    if (lacksImage(in)) {
      return new RunPlan(RunState.of(Reason.UNSUPPORTED, NO_LITE_RT), actions);
    }
    Optional<String> unshared = SharedVolumes.problem(in);
    if (unshared.isPresent()) {
      return new RunPlan(
          RunState.of(Reason.VOLUME_NOT_SHARED, unshared.get(), hash, null), actions);
    }
    actions.add(new RunAction.Start(hash));
    String name = Names.job(in.view().owner().name(), hash);
    return new RunPlan(RunState.of(started(in), startedMessage(in, name), hash, null), actions);
  }

  private static boolean lacksImage(RunInput in) {
    return in.view().liteRt() && in.view().image().isEmpty();
  }

  private static Reason started(RunInput in) {
    if (RunJob.suspend(in.view().policy())) {
      return Reason.SUSPENDED;
    }
    return in.view().queue() == null ? Reason.PENDING : Reason.QUEUED;
  }

  private static String startedMessage(RunInput in, String job) {
    return switch (started(in)) {
      case SUSPENDED -> JobStates.SUSPENDED_MESSAGE;
      case QUEUED ->
          "waits for Kueue to take Job %s into queue %s"
              .formatted(job, Objects.requireNonNull(in.view().queue()).name());
      default -> "Job %s has no pod yet".formatted(job);
    };
  }

  private static boolean hasFailed(RunInput in, String hash) {
    JobReference recorded = in.before().job();
    return recorded != null && recorded.hash().equals(hash) && isReady(in, Reason.FAILED);
  }

  /** Whether that is what the status said before. */
  private static boolean isReady(RunInput in, Reason reason) {
    return ConditionSet.find(in.before().conditions(), ConditionTypes.READY)
        .filter(ready -> reason.value().equals(ready.getReason()))
        .isPresent();
  }

  private static RunState failedBefore(RunInput in, String hash) {
    return RunState.of(Reason.FAILED, readyMessage(in), hash, null)
        .withFailure(in.before().failure());
  }

  private static String readyMessage(RunInput in) {
    return ConditionSet.find(in.before().conditions(), ConditionTypes.READY)
        .map(ready -> ready.getMessage())
        .orElse("");
  }

  private static RunState foreign(RunInput in, Job job, String hash) {
    String name = job.getMetadata().getName();
    Optional<OwnerReference> controller =
        job.getMetadata().getOwnerReferences().stream()
            .filter(reference -> Boolean.TRUE.equals(reference.getController()))
            .findFirst();
    boolean predecessor =
        controller
            .filter(reference -> reference.getKind().equals(in.view().owner().kind()))
            .filter(reference -> reference.getName().equals(in.view().owner().name()))
            .isPresent();
    if (predecessor) {
      String sentence =
          "waits for Job %s of an earlier %s of this name to be gone"
              .formatted(name, in.view().owner().kind());
      return RunState.of(Reason.PENDING, sentence, hash, null);
    }
    String owner =
        controller
            .map(reference -> reference.getKind() + " " + reference.getName())
            .orElse("no resource");
    String sentence =
        "Job %s is in the way: it belongs to %s; delete it, or give this resource another name"
            .formatted(name, owner);
    return RunState.of(Reason.INVALID, sentence, hash, null);
  }

  private static RunState finished(RunResult result, String hash, @Nullable Job job) {
    Reason reason = result.reused() ? Reason.REUSED : Reason.COMPLETED;
    String sentence =
        result.reused()
            ? "found the artifact of this spec, %s; nothing was run"
            : "made the artifact %s";
    return RunState.of(reason, sentence.formatted(result.artifact().uri()), hash, job)
        .withResult(result);
  }

  private static void ifPatched(RunInput in, @Nullable Job job, List<RunAction> actions) {
    if (job == null) {
      return;
    }
    RunAction.JobChange change = JobStates.change(job, in);
    if (!change.isEmpty()) {
      actions.add(new RunAction.Patch(job, change));
    }
    if (!JobStates.isFinished(job)) {
      Queueing.activation(job, in).ifPresent(actions::add);
    }
  }

  /** Ends every Job of the resource that still goes on, but that of the given run. */
  private static List<RunAction> endOthers(RunInput in, @Nullable String hash, String why) {
    String keep = hash == null ? null : Names.job(in.view().owner().name(), hash);
    return in.observed().jobs().stream()
        .filter(in.observed()::isOurs)
        .filter(job -> !job.getMetadata().getName().equals(keep))
        .filter(job -> !job.isMarkedForDeletion())
        .filter(job -> !JobStates.isFinished(job))
        .<RunAction>map(job -> new RunAction.End(job, why))
        .toList();
  }
}
