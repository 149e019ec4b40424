package dev.hone.operator.run;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.common.Artifact;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.RunStatus;
import dev.hone.contract.RunResult;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the status of a resource from the state of its run. Never touches {@code status.progress}.
 */
public final class RunStatusFactory {

  private static final Set<Reason> READY = Set.of(Reason.COMPLETED, Reason.REUSED);
  private final Clock clock;

  public RunStatusFactory(Clock clock) {
    this.clock = clock;
  }

  /** The status of a kind whose results are always let through. */
  public RunStatus create(RunView view, Resolution resolution, RunState state, RunStatus before) {
    return status(view, state, before)
        .conditions(conditions(view, resolution, state, before).build())
        .build();
  }

  /**
   * The status of a kind whose results are judged; the verdict is empty as long as there is none.
   */
  public RunStatus create(
      RunView view,
      Resolution resolution,
      RunState state,
      RunStatus before,
      Optional<Verdict> verdict) {
    RunState judged =
        verdict
            .filter(given -> !given.accepted())
            .map(given -> state.as(notAccepted(given), given.message()))
            .orElse(state);
    ConditionSet conditions = conditions(view, resolution, judged, before);
    verdict.ifPresentOrElse(
        given -> accepted(conditions, given),
        () ->
            conditions.unknown(
                ConditionTypes.ACCEPTED, Reason.NOT_FINISHED, "there is no result to judge yet"));
    return status(view, judged, before).conditions(conditions.build()).build();
  }

  private static Reason notAccepted(Verdict verdict) {
    return verdict.answer() == Verdict.Answer.UNKNOWN ? Reason.EVALUATING_GATE : Reason.REJECTED;
  }

  private static void accepted(ConditionSet conditions, Verdict verdict) {
    if (verdict.answer() == Verdict.Answer.UNKNOWN) {
      conditions.unknown(ConditionTypes.ACCEPTED, verdict.reason(), verdict.message());
    } else {
      conditions.set(
          ConditionTypes.ACCEPTED, verdict.accepted(), verdict.reason(), verdict.message());
    }
  }

  /** The status while the resource is being deleted: only its conditions change. */
  RunStatus deleting(RunView view, String message, RunStatus before) {
    List<Condition> conditions =
        new ConditionSet(clock, view.generation(), before.conditions())
            .set(ConditionTypes.READY, false, Reason.DELETING, message)
            .keep(ConditionTypes.REFERENCES_RESOLVED)
            .keep(ConditionTypes.ACCEPTED)
            .build();
    return before.toBuilder().observedGeneration(view.generation()).conditions(conditions).build();
  }

  private ConditionSet conditions(
      RunView view, Resolution resolution, RunState state, RunStatus before) {
    return new ConditionSet(clock, view.generation(), before.conditions())
        .set(ConditionTypes.READY, READY.contains(state.reason()), state.reason(), state.message())
        .set(
            ConditionTypes.REFERENCES_RESOLVED,
            resolution.isResolved(),
            resolution.reason(),
            resolution.message());
  }

  private RunStatus.Builder status(RunView view, RunState state, RunStatus before) {
    RunStatus kept = sameRun(state, before) ? before : RunStatus.empty();
    JobReference job = reference(state, kept);
    RunStatus.Builder status =
        RunStatus.empty().toBuilder()
            .observedGeneration(view.generation())
            .job(job)
            .failure(state.failure())
            .startTime(startTime(state, kept))
            .completionTime(job == null ? null : completionTime(state, kept));
    RunResult result = state.result();
    return result == null ? status : withResult(status, result);
  }

  private static RunStatus.Builder withResult(RunStatus.Builder status, RunResult result) {
    var artifact = result.artifact();
    return status
        .failure(null)
        .artifact(
            new Artifact(artifact.uri(), artifact.digest(), artifact.sizeBytes(), result.reused()))
        .metrics(result.metrics())
        .training(result.training())
        .resumes(result.resumes())
        .steps(result.steps())
        .export(result.export())
        .search(result.search())
        .lineage(result.lineage())
        .phases(result.phases())
        .warnings(result.warnings())
        .summary(RunSummaries.of(result));
  }

  private static boolean sameRun(RunState state, RunStatus before) {
    JobReference recorded = before.job();
    return recorded != null && recorded.hash().equals(state.hash());
  }

  private static @Nullable JobReference reference(RunState state, RunStatus kept) {
    Job job = state.job();
    String hash = state.hash();
    if (job != null && hash != null) {
      return new JobReference(job.getMetadata().getName(), job.getMetadata().getUid(), hash);
    }
    return kept.job();
  }

  private static @Nullable String startTime(RunState state, RunStatus kept) {
    Job job = state.job();
    String started = job == null || job.getStatus() == null ? null : job.getStatus().getStartTime();
    return started == null ? kept.startTime() : started;
  }

  private @Nullable String completionTime(RunState state, RunStatus kept) {
    if (!RunEnd.REASONS.contains(state.reason())) {
      return null;
    }
    if (kept.completionTime() != null) {
      return kept.completionTime();
    }
    return Optional.ofNullable(state.job())
        .map(RunStatusFactory::ended)
        .orElseGet(() -> ConditionSet.timestamp(clock));
  }

  private static @Nullable String ended(Job job) {
    if (job.getStatus() != null && job.getStatus().getCompletionTime() != null) {
      return job.getStatus().getCompletionTime();
    }
    return JobStates.failure(job).map(JobCondition::getLastTransitionTime).orElse(null);
  }
}
