package dev.hone.operator.run;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Set;

/** How far pods of runs are. */
public final class RunPods {

  private RunPods() {}

  /** Whether the pod is at work, or will be. */
  public static boolean isAlive(Pod pod) {
    return !pod.isMarkedForDeletion() && !isOver(pod);
  }

  /** Whether no container of the pod runs any more, nor will. */
  static boolean isOver(Pod pod) {
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
