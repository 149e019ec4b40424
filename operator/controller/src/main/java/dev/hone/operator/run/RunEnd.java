package dev.hone.operator.run;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.common.Comparison;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended.
 *
 * @param kind for example {@code FineTuneJob}
 * @param namespace where its resource is
 * @param result the reason of the condition Ready, for example {@code Completed}
 * @param took from the Job's start to its end; empty if no Job of this resource ran
 * @param gpus GPUs that it held meanwhile, on all its nodes; a MIG instance counts as none
 * @param comparison how the model after it compares with the one before
 * @param accepted what the gate says: True, False or Unknown; empty for a kind without a gate
 */
public record RunEnd(
    String kind,
    String namespace,
    String result,
    Optional<Duration> took,
    int gpus,
    Optional<Comparison> comparison,
    Optional<String> accepted) {

  /** Reasons of the condition Ready that a run ends with. */
  static final Set<Reason> REASONS =
      Set.of(
          Reason.COMPLETED,
          Reason.REUSED,
          Reason.REJECTED,
          Reason.CANCELLED,
          Reason.FAILED,
          Reason.EVALUATING_GATE);

  /** What a status tells of the end of its run. */
  static RunEnd of(RunView view, String result, RunStatus status) {
    return new RunEnd(
        view.owner().kind(),
        view.owner().namespace(),
        result,
        took(status.startTime(), status.completionTime()),
        gpus(view.resources()) * view.nodes(),
        Optional.ofNullable(status.metrics()).map(metrics -> metrics.comparison()),
        ConditionSet.find(status.conditions(), ConditionTypes.ACCEPTED).map(Condition::getStatus));
  }

  private static Optional<Duration> took(@Nullable String start, @Nullable String end) {
    return start == null || end == null
        ? Optional.empty()
        : Optional.of(Duration.between(Instant.parse(start), Instant.parse(end)));
  }

  private static int gpus(@Nullable JobResources resources) {
    Integer asked = resources == null ? null : resources.gpus();
    return asked == null ? 0 : asked;
  }
}
