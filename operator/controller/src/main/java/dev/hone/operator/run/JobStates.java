package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.api.common.RunPolicy;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.observe.PodFailure;
import dev.hone.operator.observe.PodRefusal;
import dev.hone.operator.observe.PodWait;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the state of a run from its Job and the Job's pods. */
public final class JobStates {

  static final String SUSPENDED_MESSAGE =
      "spec.runPolicy.suspend holds the run; set it to false to go on";

  private static final String MORE_MEMORY =
      "raise spec.resources.memory together with a new value of spec.rerun";

  /** What befalls a pod because of another one. */
  private static final Set<String> SUFFERED =
      Set.of(Reason.PEER_LOST.value(), Reason.INTERRUPTED.value());

  private static final String CHANGE_OF_RESOURCES =
      "spec.resources together with a new value of spec.rerun";

  private JobStates() {}

  /** Whether the Job has ended well. */
  public static boolean isComplete(Job job) {
    return condition(job, "Complete").isPresent();
  }

  /** Whether the Job has ended otherwise. */
  public static boolean isFailed(Job job) {
    return condition(job, "Failed").isPresent();
  }

  static boolean isFinished(Job job) {
    return isComplete(job) || isFailed(job);
  }

  /** Why the Job has failed, in the words of its controller. */
  public static Optional<JobCondition> failure(Job job) {
    return condition(job, "Failed");
  }

  /** What differs between a Job and its policy, of what may change. */
  static RunAction.JobChange change(Job job, RunInput in) {
    RunView view = in.view();
    RunPolicy policy = view.policy();
    boolean finished = isFinished(job);
    int backoffLimit = RunJob.backoffLimit(policy, view.resources());
    Long deadline = policy == null ? null : policy.activeDeadlineSeconds();
    Integer ttl = policy == null ? null : policy.ttlSecondsAfterFinished();
    var spec = job.getSpec();
    return new RunAction.JobChange(
        finished ? null : Queueing.suspend(job, in),
        finished || Objects.equals(backoffLimit, spec.getBackoffLimit()) ? null : backoffLimit,
        finished
            ? new RunAction.Field<>(false, null)
            : RunAction.Field.compare(spec.getActiveDeadlineSeconds(), deadline),
        RunAction.Field.compare(spec.getTtlSecondsAfterFinished(), ttl),
        finished ? new RunAction.Field<>(false, null) : Queueing.queue(job, view));
  }

  /** The state of a run that has no result yet. */
  static RunState of(RunInput in, String hash, Job job) {
    String name = job.getMetadata().getName();
    List<Pod> pods = in.observed().pods(job);
    RunFailure last = lastFailure(in, hash, pods);
    if (isFailed(job)) {
      return failed(in, hash, job, last);
    }
    if (isComplete(job)) {
      String sentence = "Job %s has ended; waits for its result".formatted(name);
      return RunState.of(Reason.RUNNING, sentence, hash, job);
    }
    if (RunJob.suspend(in.view().policy())) {
      Optional<String> notHeld = Queueing.notHeld(job, in);
      return notHeld.isEmpty()
          ? RunState.of(Reason.SUSPENDED, SUSPENDED_MESSAGE, hash, job).withFailure(last)
          : atWork(in, hash, job, pods, last).also(notHeld.get());
    }
    if (Queueing.waits(job, in.view())) {
      return RunState.of(Reason.QUEUED, Queueing.message(job, in), hash, job).withFailure(last);
    }
    return atWork(in, hash, job, pods, last);
  }

  private static RunState atWork(
      RunInput in, String hash, Job job, List<Pod> pods, @Nullable RunFailure last) {
    boolean none = pods.stream().noneMatch(pod -> RunPods.isAlive(pod) || RunPods.isAtWork(pod));
    RunState state = none ? between(in, hash, job, pods, last) : alive(in, hash, job, pods, last);
    return state.withFailure(last);
  }

  private static RunState alive(
      RunInput in, String hash, Job job, List<Pod> pods, @Nullable RunFailure last) {
    Optional<String> wait =
        pods.stream()
            .filter(RunPods::isAlive)
            .map(pod -> PodWait.explain(pod, in.observed().facts()))
            .flatMap(Optional::stream)
            .findFirst();
    if (wait.isPresent()) {
      return RunState.of(Reason.PENDING, wait.get(), hash, job);
    }
    String name = job.getMetadata().getName();
    long atWork = pods.stream().filter(RunPods::isAtWork).count();
    int wanted = in.view().nodes();
    if (atWork < wanted) {
      String starting =
          wanted == 1
              ? "the pod of Job %s is starting".formatted(name)
              : "%d of %d pods of Job %s run".formatted(atWork, wanted, name);
      return last == null
          ? RunState.of(Reason.PENDING, starting, hash, job)
          : RunState.of(Reason.RETRYING, "starts again after a pod that " + cause(last), hash, job);
    }
    String sentence =
        last == null
            ? "Job %s is running".formatted(name)
            : "Job %s is running again, after a pod that %s".formatted(name, cause(last));
    return RunState.of(Reason.RUNNING, sentence, hash, job);
  }

  private static RunState between(
      RunInput in, String hash, Job job, List<Pod> pods, @Nullable RunFailure last) {
    Optional<String> refused =
        pods.isEmpty()
            ? PodRefusal.of(job, in.observed().facts(), CHANGE_OF_RESOURCES)
            : Optional.empty();
    if (refused.isPresent()) {
      return RunState.of(Reason.PENDING, refused.get(), hash, job);
    }
    return last == null
        ? RunState.of(
            Reason.PENDING,
            "Job %s has no pod yet".formatted(job.getMetadata().getName()),
            hash,
            job)
        : RunState.of(Reason.RETRYING, "starts again after a pod that " + cause(last), hash, job);
  }

  private static RunState failed(RunInput in, String hash, Job job, @Nullable RunFailure last) {
    JobCondition condition = failure(job).orElseThrow();
    RunFailure failure;
    if ("DeadlineExceeded".equals(condition.getReason())) {
      Long seconds = job.getSpec().getActiveDeadlineSeconds();
      failure =
          new RunFailure(
              Reason.DEADLINE_EXCEEDED.value(),
              "took longer than spec.runPolicy.activeDeadlineSeconds allows (%d); raise it, or ask for less work"
                  .formatted(seconds),
              null);
    } else if (last != null) {
      failure = last;
    } else {
      failure =
          new RunFailure(
              Reason.POD_FAILED.value(),
              "Job %s failed (%s): %s"
                  .formatted(
                      job.getMetadata().getName(), condition.getReason(), condition.getMessage()),
              null);
    }
    int pods = Objects.requireNonNullElse(job.getStatus().getFailed(), 0);
    String tries = pods > 1 ? " (%d pods failed)".formatted(pods) : "";
    return RunState.of(Reason.FAILED, failure.message() + tries, hash, job).withFailure(failure);
  }

  /** Why the newest failed pod failed; a pod that is gone is remembered by the status. */
  private static @Nullable RunFailure lastFailure(RunInput in, String hash, List<Pod> pods) {
    String moreMemory =
        FineTuneJob.KIND.equals(in.view().owner().kind())
            ? MORE_MEMORY + ", or lower spec.training.batchSize in another resource"
            : MORE_MEMORY;
    Map<String, RunFailure> byIndex = new LinkedHashMap<>();
    pods.stream()
        .filter(pod -> !RunPods.isAlive(pod))
        .forEach(
            pod ->
                PodFailure.of(pod, Names.TRAINER_CONTAINER, moreMemory)
                    .ifPresent(failure -> byIndex.putIfAbsent(index(pod), failure)));
    // The pods of a group fail together: the cause comes before what the others suffered from it.
    return byIndex.values().stream()
        .min(Comparator.comparing(failure -> SUFFERED.contains(failure.reason())))
        .orElseGet(() -> remembered(in, hash));
  }

  private static String index(Pod pod) {
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    return annotations == null ? "" : annotations.getOrDefault(Labels.COMPLETION_INDEX, "");
  }

  private static @Nullable RunFailure remembered(RunInput in, String hash) {
    var recorded = in.before().job();
    return recorded != null && recorded.hash().equals(hash) ? in.before().failure() : null;
  }

  private static String cause(RunFailure failure) {
    return "failed: " + failure.message();
  }

  private static Optional<JobCondition> condition(Job job, String type) {
    if (job.getStatus() == null) {
      return Optional.empty();
    }
    return job.getStatus().getConditions().stream()
        .filter(condition -> type.equals(condition.getType()))
        .filter(condition -> "True".equals(condition.getStatus()))
        .findFirst();
  }
}
