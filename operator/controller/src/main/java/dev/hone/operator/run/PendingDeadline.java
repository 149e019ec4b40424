package dev.hone.operator.run;

import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.api.common.RunPolicy;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Gives up a run whose pods wait for too long, as its policy says. The wait of a pod begins when it
 * is made; without a pod it begins when the Job may make one, so that neither a pause nor the time
 * in a queue counts, nor what earlier pods have done. Pure.
 */
final class PendingDeadline {

  private PendingDeadline() {}

  /** The state of a run that has waited for too long. */
  static Optional<RunState> exceeded(RunInput in, Job job, RunState state) {
    RunPolicy policy = in.view().policy();
    if (policy == null
        || policy.pendingDeadlineSeconds() == null
        || state.reason() != Reason.PENDING
        || Boolean.TRUE.equals(job.getSpec().getSuspend())) {
      return Optional.empty();
    }
    Duration allowed = Duration.ofSeconds(policy.pendingDeadlineSeconds());
    return waitsSince(job, in.observed().pods(job))
        .filter(since -> since.plus(allowed).isBefore(in.now()))
        .map(
            since -> {
              String sentence =
                  "waited longer than spec.runPolicy.pendingDeadlineSeconds allows (%d): %s; raise it and give spec.rerun"
                          .formatted(allowed.toSeconds(), state.message())
                      + " a new value, or ask for less";
              return state
                  .as(Reason.FAILED, sentence)
                  .withFailure(new RunFailure(Reason.DEADLINE_EXCEEDED.value(), sentence, null));
            });
  }

  private static Optional<Instant> waitsSince(Job job, List<Pod> pods) {
    if (pods.isEmpty()) {
      return Optional.ofNullable(job.getStatus())
          .map(status -> status.getStartTime())
          .map(Instant::parse);
    }
    return pods.stream()
        .filter(pod -> RunPods.isAlive(pod) && !RunPods.isAtWork(pod))
        .map(pod -> Instant.parse(pod.getMetadata().getCreationTimestamp()))
        .min(Comparator.naturalOrder());
  }
}
