package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The main example once more, by an operator that is narrowed to the namespace: Roles alone. */
@WithApiServer
class RolesOnlyIT extends ChainIT {

  @Override
  RunningOperator newOperator(ApiServer server, int modelPort) {
    return RunningOperator.startNarrowed(server, bench.namespace(), modelPort);
  }

  @Test
  void whereNodesCannotBeReadTheSchedulerIsQuoted() {
    bench
        .client()
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName("unseen-node")
                .endMetadata()
                .withNewStatus()
                .withAllocatable(Map.of("nvidia.com/gpu", new Quantity("1")))
                .endStatus()
                .build())
        .create();
    try {
      bench.apply("00-volume.yaml");
      bench.apply(Workbench.FINE_TUNE);
      Pod pod = kubelet.podOf(bench.job("spam-lora"));
      kubelet.unschedulable(pod, "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
      FineTuneJob waiting =
          bench.fineTune(
              "spam-lora", job -> message(conditions(job), "Ready").contains("nvidia.com/gpu"));
      assertThat(message(conditions(waiting), "Ready"))
          .isEqualTo("no node fits: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
    } finally {
      bench.client().nodes().withName("unseen-node").delete();
    }
  }
}
