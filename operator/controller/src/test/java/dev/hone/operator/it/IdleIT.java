package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Where nothing happens, nothing is written, however often the operator looks. */
@WithApiServer
class IdleIT {

  /** What is pending is looked at again every 15 s; the look of the start is not meant. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

  @Test
  void runsAtRestCostNoWrite(ApiServer server) throws InterruptedException {
    try (FaultStage stage =
        new FaultStage(server, FaultStage.token(server), FaultStage.CLIENT_RETRIES)) {
      new Story(stage).train();
      waitForReference(stage);
      suspend(stage);
      fail(stage);
      pend(stage);
      // Another operator looks at everything once, and regularly at what is pending.
      stage.restart();
      int written = stage.api.writes().size();
      stage.api.awaitRead("GET nodes", LOOK_AGAIN);
      assertThat(stage.api.writes().subList(written, stage.api.writes().size())).isEmpty();
    }
  }

  private static Job run(FaultStage stage, String name, UnaryOperator<String> change) {
    apply(stage, name, change);
    return stage.bench.job(name);
  }

  private static void apply(FaultStage stage, String name, UnaryOperator<String> change) {
    stage.bench.apply(
        Workbench.FINE_TUNE,
        yaml -> change.apply(yaml.replace("name: spam-lora", "name: " + name)));
  }

  private static void waitForReference(FaultStage stage) {
    apply(
        stage,
        "waiting",
        yaml ->
            yaml.replace(
                "uri: pvc://spam-filter/models/all-minilm-l6-v2",
                "from: {kind: FineTuneJob, name: nobody}"));
    stage.bench.fineTune("waiting", fineTuneIs("WaitingForReference"));
  }

  private static void suspend(FaultStage stage) {
    run(stage, "suspended", yaml -> yaml + "  runPolicy:\n    suspend: true\n");
    stage.bench.fineTune("suspended", fineTuneIs("Suspended"));
  }

  private static void fail(FaultStage stage) {
    Job job = run(stage, "failed", yaml -> yaml);
    stage.kubelet.fail(job, "BackoffLimitExceeded", 4);
    stage.bench.fineTune("failed", fineTuneIs("Failed"));
  }

  private static void pend(FaultStage stage) {
    Pod pod = stage.kubelet.podOf(run(stage, "pending", yaml -> yaml));
    stage.kubelet.unschedulable(pod, "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
    stage.bench.fineTune(
        "pending", found -> message(conditions(found), "Ready").contains("nvidia.com/gpu"));
  }
}
