package dev.hone.operator.run;

import dev.hone.operator.desired.Queue;
import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.jspecify.annotations.Nullable;

/** Something that the planner wants done in the cluster. */
public sealed interface RunAction {

  /** Make the run's ConfigMap and then its Job. */
  record Start(String hash) implements RunAction {}

  /** Make the ConfigMap of a run again whose Job still needs it. */
  record RestoreConfig(String hash) implements RunAction {}

  /** Make the Service by which the pods of a Job on several nodes find one another. */
  record Connect(Job job, String hash) implements RunAction {}

  /**
   * Change what may change while a Job exists; null members stay as they are.
   *
   * @param job the Job as it is
   * @param change its members that change
   */
  record Patch(Job job, JobChange change) implements RunAction {}

  /** Let a Workload of Kueue be admitted, or not. */
  record Activate(QueueEntry.Workload workload, boolean active) implements RunAction {}

  /** Delete a Job that nobody wants any more. */
  record End(Job job, String why) implements RunAction {}

  /** Members of a Job that may change while it exists; null means as it is. */
  record JobChange(
      @Nullable Boolean suspend,
      @Nullable Integer backoffLimit,
      Field<Long> activeDeadlineSeconds,
      Field<Integer> ttlSecondsAfterFinished,
      Field<Queue> queue) {

    boolean isEmpty() {
      return suspend == null
          && backoffLimit == null
          && !activeDeadlineSeconds.changes()
          && !ttlSecondsAfterFinished.changes()
          && !queue.changes();
    }
  }

  /** A member that may be taken away too. */
  record Field<T>(boolean changes, @Nullable T value) {

    static <T> Field<T> compare(@Nullable T is, @Nullable T wanted) {
      return new Field<>(!java.util.Objects.equals(is, wanted), wanted);
    }
  }
}
