package dev.hone.operator.engine;

import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.api.engine.EngineArtifact;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.api.engine.EngineBuildStatus;
import dev.hone.operator.engine.EngineBuildPlan.Action;
import dev.hone.operator.observe.PodFailure;
import dev.hone.operator.observe.PodRefusal;
import dev.hone.operator.observe.PodWait;
import dev.hone.operator.run.JobStates;
import dev.hone.operator.run.RunPods;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides what to do about an engine. Pure: the same input always gives the same plan. */
final class EngineBuildPlanner {

  private static final String MORE_MEMORY =
      "raise resources.memory of the InferenceDeployment, then delete this EngineBuild";

  private EngineBuildPlanner() {}

  static EngineBuildPlan plan(
      String name, EngineBuildSpec spec, EngineBuildStatus before, EngineObservation observed) {
    EngineArtifact known = before.engine();
    if (known != null) {
      return ready(known, before);
    }
    Optional<Job> found = observed.job();
    if (found.isEmpty()) {
      return EngineBuildPlan.of(Action.START, Reason.PENDING, "Job %s is started".formatted(name));
    }
    Job job = found.get();
    if (job.isMarkedForDeletion()) {
      return EngineBuildPlan.of(
          Action.NONE, Reason.PENDING, "waits until the last Job %s is gone".formatted(name));
    }
    if (JobStates.isComplete(job)) {
      return observed.pods().stream()
          .map(pod -> EngineResult.of(pod, Names.engineUri(spec.model().uri(), name)))
          .flatMap(Optional::stream)
          .findFirst()
          .map(result -> completed(result))
          .orElseGet(
              () ->
                  EngineBuildPlan.of(
                      Action.START_AGAIN,
                      Reason.PENDING,
                      "Job %s has ended, and its pod is gone with the result: it is started again"
                          .formatted(name)));
    }
    RunFailure last = lastFailure(observed, before);
    return (JobStates.isFailed(job) ? failed(job, last) : going(name, observed, job, last))
        .withFailure(last);
  }

  private static EngineBuildPlan ready(EngineArtifact engine, EngineBuildStatus before) {
    return before.conditions().stream()
        .findFirst()
        .flatMap(
            condition ->
                Reason.of(condition.getReason())
                    .map(
                        reason ->
                            new EngineBuildPlan(
                                Action.NONE, reason, condition.getMessage(), engine, null)))
        .orElseGet(
            () ->
                new EngineBuildPlan(
                    Action.NONE, Reason.COMPLETED, "the engine is built", engine, null));
  }

  private static EngineBuildPlan completed(EngineResult result) {
    return new EngineBuildPlan(
        Action.NONE,
        result.reused() ? Reason.REUSED : Reason.COMPLETED,
        result.reused()
            ? "the engine of this key was there already"
            : "the engine was built in %s s"
                .formatted(Objects.requireNonNullElse(result.engine().buildSeconds(), 0.0)),
        result.engine(),
        null);
  }

  private static EngineBuildPlan failed(Job job, @Nullable RunFailure last) {
    String sentence =
        last == null
            ? JobStates.failure(job)
                .map(
                    c -> "Job %s failed: %s".formatted(job.getMetadata().getName(), c.getMessage()))
                .orElse("the Job failed")
            : last.message();
    return EngineBuildPlan.of(
        Action.NONE, Reason.FAILED, sentence + "; to have it tried again, delete this EngineBuild");
  }

  private static EngineBuildPlan going(
      String name, EngineObservation observed, Job job, @Nullable RunFailure last) {
    Optional<String> wait =
        observed.pods().stream()
            .filter(RunPods::isAlive)
            .map(pod -> PodWait.explain(pod, observed.facts()))
            .flatMap(Optional::stream)
            .findFirst()
            .or(
                () ->
                    observed.pods().isEmpty()
                        ? PodRefusal.of(
                            job, observed.facts(), "resources of the InferenceDeployment")
                        : Optional.empty());
    if (wait.isPresent()) {
      return EngineBuildPlan.of(Action.NONE, Reason.PENDING, wait.get());
    }
    boolean working = observed.pods().stream().anyMatch(RunPods::isAtWork);
    if (last != null) {
      return EngineBuildPlan.of(
          Action.NONE,
          working ? Reason.RUNNING : Reason.RETRYING,
          "builds again after a pod that failed: " + last.message());
    }
    return working
        ? EngineBuildPlan.of(Action.NONE, Reason.RUNNING, "Job %s is building".formatted(name))
        : EngineBuildPlan.of(
            Action.NONE, Reason.PENDING, "the pod of Job %s is starting".formatted(name));
  }

  /** Why the newest failed pod failed; a pod that is gone is remembered by the status. */
  private static @Nullable RunFailure lastFailure(
      EngineObservation observed, EngineBuildStatus before) {
    return observed.pods().stream()
        .filter(pod -> !RunPods.isAlive(pod))
        .map(EngineBuildPlanner::failure)
        .flatMap(Optional::stream)
        .findFirst()
        .orElse(before.failure());
  }

  private static Optional<RunFailure> failure(Pod pod) {
    return PodFailure.of(pod, Names.SERVER_CONTAINER, MORE_MEMORY);
  }
}
