package dev.hone.operator.run;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Optional;

/** Is told when runs start and end, for example to count them. */
public interface RunListener {

  /** The Job of a run of this kind was made. */
  void started(String kind);

  /** A run has ended. */
  void finished(RunEnd end);

  /** Tells of the end of a run, if the new status is the first to say so. */
  default void compare(RunView view, RunStatus before, RunStatus now) {
    Optional<String> earlier = reason(before);
    reason(now)
        .filter(RunListener::isEnd)
        .filter(reason -> earlier.filter(RunListener::isEnd).isEmpty())
        .ifPresent(reason -> finished(RunEnd.of(view, reason, now)));
  }

  private static boolean isEnd(String reason) {
    return RunEnd.REASONS.stream().map(Reason::value).anyMatch(reason::equals);
  }

  private static Optional<String> reason(RunStatus status) {
    return ConditionSet.find(status.conditions(), ConditionTypes.READY).map(Condition::getReason);
  }
}
