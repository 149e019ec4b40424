package dev.hone.operator.run;

import dev.hone.api.common.RunFailure;
import dev.hone.operator.desired.DeletionJob;
import dev.hone.operator.observe.ClusterFacts;
import dev.hone.operator.observe.PodFailure;
import dev.hone.operator.observe.PodWait;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides what a resource still waits for whose files a Job deletes, whatever they are. Pure: the
 * same input always gives the same step.
 */
public final class DeletionJobPlanner {

  private DeletionJobPlanner() {}

  /**
   * The Jobs that write end before anything is deleted, and so do their pods.
   *
   * @param jobs the Jobs of the resource that write
   * @param pods their pods
   * @param message what is waited for
   */
  public static Optional<DeletionStep> endRuns(
      Collection<Job> jobs, Collection<Pod> pods, String message) {
    List<Job> unfinished = jobs.stream().filter(job -> !JobStates.isFinished(job)).toList();
    List<Job> toEnd = unfinished.stream().filter(job -> !job.isMarkedForDeletion()).toList();
    if (!toEnd.isEmpty()) {
      return Optional.of(new DeletionStep.EndRuns(toEnd, message));
    }
    Optional<String> writing =
        pods.stream()
            .filter(pod -> !RunPods.isOver(pod))
            .map(pod -> pod.getMetadata().getName())
            .findFirst();
    if (writing.isPresent()) {
      return Optional.of(new DeletionStep.Await(message + ": pod " + writing.get() + " goes on"));
    }
    return unfinished.isEmpty() ? Optional.empty() : Optional.of(new DeletionStep.Await(message));
  }

  /** The Job of a name among others. */
  public static Optional<Job> find(Collection<Job> jobs, String name) {
    return jobs.stream().filter(job -> name.equals(job.getMetadata().getName())).findFirst();
  }

  /**
   * What the Job that deletes has come to.
   *
   * @param job the Job
   * @param pods pods, its own among them
   * @param facts what is looked up only when a pod does not start
   * @param addresses what it deletes
   * @param container name of its container
   */
  public static DeletionStep follow(
      Job job, Collection<Pod> pods, ClusterFacts facts, Set<String> addresses, String container) {
    String name = job.getMetadata().getName();
    List<Pod> own = RunPods.of(job, pods);
    if (JobStates.isComplete(job)) {
      return new DeletionStep.LetGo(null);
    }
    if (JobStates.isFailed(job)) {
      return new DeletionStep.LetGo(
          "%s could not be deleted and may be left on the volume: %s"
              .formatted(join(addresses), failure(job, own, container)));
    }
    if (job.isMarkedForDeletion()) {
      return new DeletionStep.Await(
          "waits for Job %s, which somebody deleted, to be gone".formatted(name));
    }
    String wait =
        own.stream()
            .filter(RunPods::isAlive)
            .map(pod -> PodWait.explain(pod, facts))
            .flatMap(Optional::stream)
            .findFirst()
            .map(why -> "; its pod does not start: " + why)
            .orElse("");
    return new DeletionStep.LookAgain(deletes(addresses) + " with Job " + name + wait);
  }

  /** Where the claim is not there any more. */
  public static DeletionStep withoutClaim(String claim, Set<String> addresses) {
    return new DeletionStep.LetGo(
        "PersistentVolumeClaim %s is gone or going; what is left on its volume was not deleted: %s"
            .formatted(claim, join(addresses)));
  }

  /** The first step that deletes. */
  public static DeletionStep start(Collection<String> ids, Set<String> addresses) {
    return new DeletionStep.Start(List.copyOf(ids), deletes(addresses));
  }

  static String join(Set<String> addresses) {
    return String.join(" and ", addresses);
  }

  private static String failure(Job job, List<Pod> pods, String container) {
    JobCondition condition = JobStates.failure(job).orElseThrow();
    if ("DeadlineExceeded".equals(condition.getReason())) {
      return "Job %s did not end within %d seconds"
          .formatted(job.getMetadata().getName(), DeletionJob.DEADLINE_SECONDS);
    }
    return pods.stream()
        .map(pod -> PodFailure.of(pod, container, "delete it yourself"))
        .flatMap(Optional::stream)
        .map(RunFailure::message)
        .findFirst()
        .orElseGet(
            () ->
                "Job %s failed (%s): %s"
                    .formatted(
                        job.getMetadata().getName(),
                        condition.getReason(),
                        condition.getMessage()));
  }

  private static String deletes(Set<String> addresses) {
    return "deletes " + join(addresses);
  }
}
