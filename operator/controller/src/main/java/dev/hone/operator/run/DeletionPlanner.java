package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.RunFailure;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.desired.DeletionJob;
import dev.hone.operator.desired.PvcUri;
import dev.hone.operator.observe.PodFailure;
import dev.hone.operator.observe.PodWait;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides what a resource that is being deleted still waits for. Pure: the same input always gives
 * the same step.
 */
final class DeletionPlanner {

  private DeletionPlanner() {}

  /**
   * The next step.
   *
   * @param view the resource
   * @param observed what is there of its runs
   * @param before its status
   * @param facts what is looked up only here
   */
  static DeletionStep plan(
      RunView view, RunObservation observed, RunStatus before, DeletionFacts facts) {
    Set<String> hashes = hashes(observed, before);
    Optional<PvcUri> output = PvcUri.parse(view.output());
    if (!view.deletesArtifacts() || hashes.isEmpty() || output.isEmpty()) {
      return new DeletionStep.LetGo(null);
    }
    Optional<DeletionStep> runs = endRuns(observed);
    if (runs.isPresent()) {
      return runs.get();
    }
    Set<String> addresses =
        hashes.stream()
            .map(hash -> Names.artifactUri(view.output(), view.owner().name(), hash))
            .collect(Collectors.toCollection(TreeSet::new));
    Optional<Job> job =
        observed.jobs().stream()
            .filter(found -> found.getMetadata().getName().equals(name(view)))
            .findFirst();
    if (job.isPresent()) {
      return follow(observed, job.get(), addresses);
    }
    if (facts.claimIsGone(output.get().claim())) {
      return new DeletionStep.LetGo(
          "PersistentVolumeClaim %s is gone or going; what is left on its volume was not deleted: %s"
              .formatted(output.get().claim(), join(addresses)));
    }
    List<String> users = facts.users(addresses);
    if (!users.isEmpty()) {
      return new DeletionStep.LookAgain(
          "waits to delete %s until it is no longer used by %s; delete that, or give it another model"
              .formatted(join(addresses), String.join(" and ", users)));
    }
    return new DeletionStep.Start(List.copyOf(hashes), deletes(addresses));
  }

  /** The Job's name. */
  static String name(RunView view) {
    return Names.deletionJob(view.owner().name(), view.owner().uid());
  }

  /** Every run that is known: by the status, and by the objects that were made for it. */
  private static Set<String> hashes(RunObservation observed, RunStatus before) {
    JobReference recorded = before.job();
    Stream<String> made =
        Stream.<HasMetadata>concat(observed.jobs().stream(), observed.configMaps().stream())
            .filter(observed::isOurs)
            .map(object -> object.getMetadata().getLabels().get(Labels.SPEC_HASH))
            .filter(Objects::nonNull);
    return Stream.concat(made, Optional.ofNullable(recorded).map(JobReference::hash).stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Optional<DeletionStep> endRuns(RunObservation observed) {
    List<Job> unfinished =
        observed.jobs().stream()
            .filter(observed::isOurs)
            .filter(job -> !JobStates.isFinished(job))
            .toList();
    List<Job> toEnd = unfinished.stream().filter(job -> !job.isMarkedForDeletion()).toList();
    String message = "waits for its run to end before its artifacts are deleted";
    if (!toEnd.isEmpty()) {
      return Optional.of(new DeletionStep.EndRuns(toEnd, message));
    }
    Optional<String> writing =
        observed.pods().stream()
            .filter(pod -> pod.getMetadata().getLabels().containsKey(Labels.SPEC_HASH))
            .filter(pod -> !RunPods.isOver(pod))
            .map(pod -> pod.getMetadata().getName())
            .findFirst();
    if (writing.isPresent()) {
      return Optional.of(new DeletionStep.Await(message + ": pod " + writing.get() + " goes on"));
    }
    return unfinished.isEmpty() ? Optional.empty() : Optional.of(new DeletionStep.Await(message));
  }

  private static DeletionStep follow(RunObservation observed, Job job, Set<String> addresses) {
    String name = job.getMetadata().getName();
    if (JobStates.isComplete(job)) {
      return new DeletionStep.LetGo(null);
    }
    if (JobStates.isFailed(job)) {
      return new DeletionStep.LetGo(
          "%s could not be deleted and may be left on the volume: %s"
              .formatted(join(addresses), failure(observed, job)));
    }
    if (job.isMarkedForDeletion()) {
      return new DeletionStep.Await(
          "waits for Job %s, which somebody deleted, to be gone".formatted(name));
    }
    String wait =
        observed.pods(job).stream()
            .filter(RunPods::isAlive)
            .map(pod -> PodWait.explain(pod, observed.facts()))
            .flatMap(Optional::stream)
            .findFirst()
            .map(why -> "; its pod does not start: " + why)
            .orElse("");
    return new DeletionStep.LookAgain(deletes(addresses) + " with Job " + name + wait);
  }

  private static String failure(RunObservation observed, Job job) {
    JobCondition condition = JobStates.failure(job).orElseThrow();
    if ("DeadlineExceeded".equals(condition.getReason())) {
      return "Job %s did not end within %d seconds"
          .formatted(job.getMetadata().getName(), DeletionJob.DEADLINE_SECONDS);
    }
    List<Pod> pods = observed.pods(job);
    return pods.stream()
        .map(pod -> PodFailure.of(pod, Names.TRAINER_CONTAINER, "delete it yourself"))
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

  private static String join(Set<String> addresses) {
    return String.join(" and ", addresses);
  }
}
