package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.desired.PvcUri;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
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
    Optional<DeletionStep> runs =
        DeletionJobPlanner.endRuns(
            observed.jobs().stream().filter(observed::isOurs).toList(),
            observed.pods().stream()
                .filter(pod -> pod.getMetadata().getLabels().containsKey(Labels.SPEC_HASH))
                .toList(),
            "waits for its run to end before its artifacts are deleted");
    if (runs.isPresent()) {
      return runs.get();
    }
    Set<String> addresses =
        hashes.stream()
            .map(hash -> Names.artifactUri(view.output(), view.owner().name(), hash))
            .collect(Collectors.toCollection(TreeSet::new));
    Optional<Job> job = DeletionJobPlanner.find(observed.jobs(), name(view));
    if (job.isPresent()) {
      return DeletionJobPlanner.follow(
          job.get(), observed.pods(), observed.facts(), addresses, Names.TRAINER_CONTAINER);
    }
    if (facts.claimIsGone(output.get().claim())) {
      return DeletionJobPlanner.withoutClaim(output.get().claim(), addresses);
    }
    List<String> users = facts.users(addresses);
    if (!users.isEmpty()) {
      return new DeletionStep.LookAgain(
          "waits to delete %s until it is no longer used by %s; delete that, or give it another model"
              .formatted(DeletionJobPlanner.join(addresses), String.join(" and ", users)));
    }
    return DeletionJobPlanner.start(hashes, addresses);
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
}
