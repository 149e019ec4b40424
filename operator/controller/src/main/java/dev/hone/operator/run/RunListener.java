package dev.hone.operator.run;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Is told when runs start and end, for example to count them. */
public interface RunListener {

  /** Reasons that a run ends with. */
  Set<String> ENDS =
      Stream.of(
              Reason.COMPLETED,
              Reason.REUSED,
              Reason.REJECTED,
              Reason.CANCELLED,
              Reason.FAILED,
              Reason.EVALUATING_GATE)
          .map(Reason::value)
          .collect(Collectors.toUnmodifiableSet());

  /** The Job of a run of this kind was made. */
  void started(String kind);

  /** A run has ended. */
  void finished(RunEnd end);

  /** Tells of the end of a run, if the new status is the first to say so. */
  default void compare(RunView view, RunStatus before, RunStatus now) {
    Optional<String> earlier = reason(before);
    reason(now)
        .filter(ENDS::contains)
        .filter(reason -> earlier.filter(ENDS::contains).isEmpty())
        .ifPresent(reason -> finished(RunEnd.of(view, reason, now)));
  }

  private static Optional<String> reason(RunStatus status) {
    return ConditionSet.find(status.conditions(), ConditionTypes.READY).map(Condition::getReason);
  }
}
