package dev.hone.operator.integration;

import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Optional;

/** What Kueue holds about a Job that waits in one of its queues. */
public sealed interface QueueEntry {

  /** Kueue is not installed: its API is not served. */
  record NotInstalled() implements QueueEntry {}

  /** The operator may not read Workloads. */
  record NotAllowed() implements QueueEntry {}

  /** Kueue has made no Workload for the Job, or not yet. */
  record Missing() implements QueueEntry {}

  /**
   * The Job's Workload.
   *
   * @param apiVersion version of its API
   * @param namespace its namespace
   * @param name its name
   * @param active whether it may be admitted; false ends the Job's pods
   * @param paused whether it is inactive because a run policy of ours says so
   * @param conditions what Kueue says about it
   */
  record Workload(
      String apiVersion,
      String namespace,
      String name,
      boolean active,
      boolean paused,
      List<Condition> conditions)
      implements QueueEntry {

    /** A condition, by its type. */
    public Optional<Condition> condition(String type) {
      return conditions.stream().filter(found -> type.equals(found.getType())).findFirst();
    }

    /** Whether a condition is there and true. */
    public boolean is(String type) {
      return condition(type).filter(found -> "True".equals(found.getStatus())).isPresent();
    }
  }
}
