package dev.hone.contract;

import dev.hone.api.ApiType;
import dev.hone.api.common.JobResources;
import org.jspecify.annotations.Nullable;

/**
 * How many processes share a run. Where they find one another is not part of it: that is told by
 * MASTER_ADDR, MASTER_PORT and JOB_COMPLETION_INDEX in the environment, as torchrun's users know
 * them.
 *
 * @param nodes number of pods
 * @param processesPerNode processes in each of them: one per GPU, or one on CPUs alone
 */
@ApiType
public record Distributed(int nodes, int processesPerNode) {

  /** What the resources mean; null for a run of one process, which needs no such section. */
  public static @Nullable Distributed of(@Nullable JobResources resources) {
    if (resources == null) {
      return null;
    }
    int gpus = resources.gpus() == null ? 0 : resources.gpus();
    var distributed = new Distributed(resources.nodeCount(), Math.max(1, gpus));
    return distributed.nodes() * distributed.processesPerNode() == 1 ? null : distributed;
  }
}
