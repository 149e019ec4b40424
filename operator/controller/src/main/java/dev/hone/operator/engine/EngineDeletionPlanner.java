package dev.hone.operator.engine;

import dev.hone.api.Names;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PvcUri;
import dev.hone.operator.run.DeletionFacts;
import dev.hone.operator.run.DeletionJobPlanner;
import dev.hone.operator.run.DeletionStep;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides what an EngineBuild that is being deleted still waits for. Pure: the same input always
 * gives the same step.
 */
final class EngineDeletionPlanner {

  private EngineDeletionPlanner() {}

  /**
   * The next step.
   *
   * @param owner the EngineBuild
   * @param spec its spec
   * @param needed whether a deployment needs the engine: it is made again at once, and finds the
   *     files
   * @param observed what is there of it
   * @param facts what is looked up only here
   */
  static DeletionStep plan(
      Owner owner,
      EngineBuildSpec spec,
      boolean needed,
      EngineObservation observed,
      DeletionFacts facts) {
    Optional<PvcUri> model = PvcUri.parse(spec.model().uri());
    if (needed || model.isEmpty()) {
      return new DeletionStep.LetGo(null);
    }
    Optional<DeletionStep> runs =
        DeletionJobPlanner.endRuns(
            observed.job().stream().toList(),
            observed.pods(),
            "waits for its build to end before its files are deleted");
    if (runs.isPresent()) {
      return runs.get();
    }
    Set<String> addresses = Set.of(Names.engineUri(spec.model().uri(), owner.name()));
    Optional<Job> job = observed.deletion().job();
    if (job.isPresent()) {
      return DeletionJobPlanner.follow(
          job.get(),
          observed.deletion().pods(),
          observed.facts(),
          addresses,
          Names.SERVER_CONTAINER);
    }
    if (facts.claimIsGone(model.get().claim())) {
      return DeletionJobPlanner.withoutClaim(model.get().claim(), addresses);
    }
    List<String> users = facts.engineUsers(owner.name());
    if (!users.isEmpty()) {
      return new DeletionStep.LookAgain(
          "waits to delete its files until the pods of %s that may load them are gone"
              .formatted(String.join(" and ", users)));
    }
    return DeletionJobPlanner.start(List.of(owner.name()), addresses);
  }

  /** The Job's name. */
  static String name(Owner owner) {
    return Names.deletionJob(owner.name(), owner.uid());
  }
}
