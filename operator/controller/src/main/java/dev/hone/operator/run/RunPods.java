package dev.hone.operator.run;

import dev.hone.operator.desired.Owner;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** How far pods of runs are. */
public final class RunPods {

  private RunPods() {}

  /** The pods of a Job among others, the newest first. */
  public static List<Pod> of(Job job, Collection<Pod> pods) {
    return pods.stream()
        .filter(pod -> Owner.isOwned(pod, job.getMetadata().getUid()))
        .sorted(
            Comparator.comparing(
                    (Pod pod) ->
                        Objects.requireNonNullElse(pod.getMetadata().getCreationTimestamp(), ""))
                .thenComparing(pod -> pod.getMetadata().getName())
                .reversed())
        .toList();
  }

  /** Whether the pod is at work, or will be. */
  public static boolean isAlive(Pod pod) {
    return !pod.isMarkedForDeletion() && !isOver(pod);
  }

  /** Whether no container of the pod runs any more, nor will. */
  public static boolean isOver(Pod pod) {
    String phase = phase(pod);
    return "Failed".equals(phase) || "Succeeded".equals(phase);
  }

  /** Whether the pod runs, or has done its part. */
  public static boolean isAtWork(Pod pod) {
    return !pod.isMarkedForDeletion() && Set.of("Running", "Succeeded").contains(phase(pod));
  }

  static String phase(Pod pod) {
    return pod.getStatus() == null || pod.getStatus().getPhase() == null
        ? "Pending"
        : pod.getStatus().getPhase();
  }
}
