package dev.hone.operator.desired;

import dev.hone.api.Names;
import dev.hone.api.common.JobResources;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpecBuilder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run on several nodes has beside one on a single node: an index for each pod, a name by
 * which they find the first one, and rules for failing together.
 */
final class RunGroup {

  /** Port of the rendezvous at the first pod; torchrun's default. */
  static final int PORT = 29500;

  /** Exit code of a pod that was told to stop, or that stopped with another one that was. */
  private static final int STOPPED = 143;

  private RunGroup() {}

  static int nodes(@Nullable JobResources resources) {
    return resources == null ? 1 : resources.nodeCount();
  }

  /** Variables of torchrun; the Job's controller adds JOB_COMPLETION_INDEX, the node's rank. */
  static Map<String, String> env(Owner owner, String hash) {
    return Map.of(
        "MASTER_ADDR", Names.jobLeader(owner.name(), hash), "MASTER_PORT", String.valueOf(PORT));
  }

  /**
   * Pods that fail before the run counts as failed. Every pod ends when one is lost, and the Job
   * counts each of them: so many tries of the whole group.
   */
  static int backoffLimit(int tries, int nodes) {
    return (tries + 1) * nodes - 1;
  }

  static void indexed(JobSpecBuilder job) {
    job.withCompletionMode("Indexed")
        .withNewSuccessPolicy()
        .addNewRule()
        // The first pod reports the result; what becomes of the others after that is no matter.
        .withSucceededIndexes("0")
        .endRule()
        .endSuccessPolicy()
        .editPodFailurePolicy()
        // One pod of a drained node stops all of them, and only that one has the condition
        // DisruptionTarget.
        .addNewRule()
        .withAction("Ignore")
        .withNewOnExitCodes()
        .withContainerName(Names.TRAINER_CONTAINER)
        .withOperator("In")
        .withValues(STOPPED)
        .endOnExitCodes()
        .endRule()
        .endPodFailurePolicy();
  }
}
