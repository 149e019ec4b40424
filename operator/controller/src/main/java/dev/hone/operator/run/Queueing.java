package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who starts and stops a Job, and what is to be changed for it. A Job with a queue's label is
 * Kueue's: {@code suspend} is left to it, and a pause goes through its Workload. Pure.
 */
final class Queueing {

  private Queueing() {}

  /** Whether a Job waits for Kueue to start it. */
  static boolean waits(Job job, RunView view) {
    return isSuspended(job)
        && !RunJob.suspend(view.policy())
        && (Queue.of(job).isPresent() || view.queue() != null);
  }

  /** What {@code suspend} is to become; null leaves it as it is. */
  static @Nullable Boolean suspend(Job job, RunInput in) {
    boolean paused = RunJob.suspend(in.view().policy());
    if (Queue.of(job).isEmpty()) {
      boolean leftToTheQueue = in.view().queue() != null && !paused;
      return paused == isSuspended(job) || leftToTheQueue ? null : paused;
    }
    if (!paused || isSuspended(job)) {
      return null;
    }
    return switch (in.observed().facts().queueEntry(job)) {
      // Nobody would start it again.
      case QueueEntry.NotInstalled _, QueueEntry.Missing _ -> true;
      case QueueEntry.NotAllowed _, QueueEntry.Workload _ -> null;
    };
  }

  /**
   * The queue that the Job's labels are to name. Kueue refuses another one while a Job runs; and a
   * run that is paused before its first start gets its queue when it is released.
   */
  static RunAction.Field<Queue> queue(Job job, RunView view) {
    Queue is = Queue.of(job).orElse(null);
    boolean held = is == null && RunJob.suspend(view.policy());
    return isSuspended(job) && !held
        ? RunAction.Field.compare(is, view.queue())
        : new RunAction.Field<>(false, null);
  }

  /** Pauses or releases the Job's Workload; only what was paused by us is released. */
  static Optional<RunAction> activation(Job job, RunInput in) {
    boolean paused = RunJob.suspend(in.view().policy());
    if (Queue.of(job).isEmpty() || (!paused && !isSuspended(job))) {
      return Optional.empty();
    }
    return in.observed().facts().queueEntry(job) instanceof QueueEntry.Workload workload
            && (paused ? workload.active() : !workload.active() && workload.paused())
        ? Optional.of(new RunAction.Activate(workload, !paused))
        : Optional.empty();
  }

  /** Why a pause does not hold the Job. */
  static Optional<String> notHeld(Job job, RunInput in) {
    return Queue.of(job).isPresent()
            && in.observed().facts().queueEntry(job) instanceof QueueEntry.NotAllowed
        ? Optional.of(
            "spec.runPolicy.suspend cannot hold it, because Kueue starts it and the operator may"
                + " not change Workloads: set kueue.enabled in the operator's chart")
        : Optional.empty();
  }

  /** What a Job waits for that Kueue has not started. */
  static String message(Job job, RunInput in) {
    String name = job.getMetadata().getName();
    Queue queue = Queue.of(job).orElseGet(() -> Objects.requireNonNull(in.view().queue()));
    return switch (in.observed().facts().queueEntry(job)) {
      case QueueEntry.NotInstalled _ ->
          "nobody starts Job %s: it names the queue %s, but Kueue is not installed; install it, or take the label %s off"
              .formatted(name, queue.name(), Labels.QUEUE);
      case QueueEntry.NotAllowed _ ->
          "waits in queue %s; why is not known, because the operator may not read Workloads: set kueue.enabled in its chart"
              .formatted(queue.name());
      case QueueEntry.Missing _ ->
          "waits for Kueue to take Job %s into queue %s; if that lasts, look whether Kueue manages Jobs (batch/job)"
              .formatted(name, queue.name());
      case QueueEntry.Workload workload -> message(workload, queue);
    };
  }

  private static String message(QueueEntry.Workload workload, Queue queue) {
    if (!workload.active() && !workload.paused()) {
      return "Workload %s was deactivated, not by Hone%s; set its spec.active to true to go on"
          .formatted(workload.name(), said(workload.condition("Evicted")));
    }
    if (workload.is("QuotaReserved")) {
      return "queue %s has reserved its quota; Kueue's admission checks are not done yet"
          .formatted(queue.name());
    }
    Optional<Condition> evicted = workload.condition("Evicted").filter(c -> workload.is("Evicted"));
    return evicted.isPresent()
        ? "was stopped by Kueue and waits in queue %s again%s"
            .formatted(queue.name(), said(evicted))
        : "waits in queue %s%s".formatted(queue.name(), said(workload.condition("QuotaReserved")));
  }

  private static String said(Optional<Condition> condition) {
    return condition
        .map(Condition::getMessage)
        .filter(message -> !message.isBlank())
        .map(message -> ": " + message)
        .orElse("");
  }

  private static boolean isSuspended(Job job) {
    return Boolean.TRUE.equals(job.getSpec().getSuspend());
  }
}
