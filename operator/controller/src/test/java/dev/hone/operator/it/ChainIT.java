package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.compressionIs;
import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.hone.api.common.BestStep;
import dev.hone.api.common.CurvePoint;
import dev.hone.api.common.Resumes;
import dev.hone.api.common.StepReport;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The main example: three manifests at once, in the wrong order. */
@WithApiServer
class ChainIT extends OperatorTest {

  private static final String TRAINED = "pvc://spam-filter/artifacts/spam-lora-x";
  private static final String COMPRESSED = "pvc://spam-filter/artifacts/spam-int8-x";

  @Test
  void everyResourceWaitsForItsSourceAndStartsByItself() {
    bench.apply(Workbench.SERVE);
    bench.apply(Workbench.COMPRESS);
    InferenceDeployment waiting = bench.inference("spam", inferenceIs("WaitingForReference"));
    assertThat(message(conditions(waiting), "Ready")).contains("CompressionJob spam-int8");
    CompressionJob missing =
        bench.compression(
            "spam-int8", job -> message(conditions(job), "Ready").contains("does not exist"));
    assertThat(message(conditions(missing), "Ready"))
        .startsWith("waits for FineTuneJob spam-lora, which does not exist in namespace");
    bench.apply(Workbench.FINE_TUNE);

    Job training = bench.job("spam-lora");
    Pod pod = kubelet.podOf(training);
    kubelet.running(pod, "trainer");
    FineTuneJob running = bench.fineTune("spam-lora", fineTuneIs("Running"));
    assertThat(running.getStatus().job().uid()).isEqualTo(training.getMetadata().getUid());
    CompressionJob seesIt =
        bench.compression(
            "spam-int8", job -> message(conditions(job), "Ready").contains("now Running"));
    assertThat(message(conditions(seesIt), "Ready"))
        .isEqualTo("waits for FineTuneJob spam-lora to complete (now Running)");
    assertThat(bench.jobs("spam-int8")).isEmpty();

    finish(training, pod, "result.finetune.json", TRAINED, DIGEST_A);
    FineTuneJob trained = bench.fineTune("spam-lora", fineTuneIs("Completed"));
    assertThat(trained.getStatus().artifact().digest()).isEqualTo(DIGEST_A);
    assertThat(trained.getStatus().summary().accuracy()).isEqualTo("96.8%");
    assertThat(trained.getStatus().training().trainableParameters()).isEqualTo(340226);
    assertThat(trained.getStatus().training().best()).isEqualTo(new BestStep(70, "loss", 0.09));
    assertThat(trained.getStatus().training().lastPoints())
        .containsExactly(new CurvePoint(79, 0.081, null), new CurvePoint(80, 0.08, 0.1));
    assertThat(trained.getStatus().resumes()).isEqualTo(new Resumes(1, 7));

    Job compressing = bench.job("spam-int8");
    String config =
        bench
            .client()
            .configMaps()
            .inNamespace(bench.namespace())
            .withName(compressing.getMetadata().getName())
            .get()
            .getData()
            .get("job.json");
    assertThat(config).contains(TRAINED, DIGEST_A).doesNotContain("\"gate\"");
    Pod second = kubelet.podOf(compressing);
    kubelet.running(second, "trainer");
    finish(compressing, second, "result.compress.json", COMPRESSED, DIGEST_B);
    CompressionJob accepted = bench.compression("spam-int8", compressionIs("Completed"));
    assertThat(ConditionSet.isTrue(conditions(accepted), "Accepted")).isTrue();
    assertThat(message(conditions(accepted), "Accepted"))
        .isEqualTo(
            "the gate is met: accuracy drop 0.1 points, allowed is at most 1 points;"
                + " size ratio 0.25, allowed is at most 0.3; speedup 1.97x, allowed is at least 1.3x");

    assertThat(accepted.getStatus().steps())
        .extracting(StepReport::name, StepReport::sparsity, StepReport::macs)
        .containsExactly(
            tuple("prune Unstructured", 0.47, 690_000_000L),
            tuple("quantize INT8Dynamic", null, null));

    Deployment deployment = bench.await(Deployment.class, "spam", found -> true);
    assertThat(deployment.getSpec().getTemplate().getMetadata().getAnnotations())
        .containsEntry(Serving.DIGEST_ANNOTATION, DIGEST_B);
    bench.inference("spam", inferenceIs("Deploying"));
    for (int i = 0; i < 2; i++) {
      kubelet.running(kubelet.podOf(deployment), "server");
    }
    kubelet.rolledOut(deployment, 2);
    InferenceDeployment serving =
        bench.inference(
            "spam",
            resource ->
                inferenceIs("Available").test(resource) && resource.getStatus().provider() != null);
    assertThat(serving.getStatus().servedDigest()).isEqualTo(DIGEST_B);
    assertThat(serving.getStatus().provider()).isEqualTo("CPUExecutionProvider");
    assertThat(serving.getStatus().endpoint())
        .isEqualTo("http://spam." + bench.namespace() + ".svc:8000/v2/models/spam");
    assertThat(serving.getStatus().summary().ready()).isEqualTo("2/2");
    assertThat(serving.getStatus().model().source()).isEqualTo("CompressionJob spam-int8");
    assertThat(bench.await(PodDisruptionBudget.class, "spam", found -> true)).isNotNull();

    bench.awaitEvent("spam-lora", event -> event.startsWith("Running: "));
    bench.awaitEvent(
        "spam-lora", event -> event.startsWith("Completed: made the artifact " + TRAINED));
    bench.awaitEvent(
        "spam", event -> event.startsWith("WaitingForReference: waits for CompressionJob"));
    aFurtherPassWritesNothing();
  }

  /** An edit that changes nothing wakes every controller; none may write. */
  private void aFurtherPassWritesNothing() {
    Map<String, String> before = versions();
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"runPolicy\":{\"ttlSecondsAfterFinished\":600}}}");
    bench.await(
        Job.class,
        bench.job("spam-lora").getMetadata().getName(),
        job -> Integer.valueOf(600).equals(job.getSpec().getTtlSecondsAfterFinished()));
    bench.fineTune(
        "spam-lora", job -> Long.valueOf(2).equals(job.getStatus().observedGeneration()));
    stopOperator();
    startOperator();
    // A fresh operator looks at everything once; that it answers what came after shows that it is
    // through. An edit of a source would not do: who takes from it waits until it is seen.
    bench.apply(
        Workbench.SERVE,
        yaml -> yaml.replace("name: spam\n", "name: late\n").replace("spam-int8", "nobody"));
    bench.inference("late", inferenceIs("WaitingForReference"));
    Map<String, String> after = versions();
    // The edited one, and the one that takes from it and says that it waits until the edit is seen.
    List.of("FineTuneJob/spam-lora", "CompressionJob/spam-int8").forEach(before::remove);
    before.keySet().removeIf(key -> key.startsWith("Job/spam-lora"));
    assertThat(after).containsAllEntriesOf(before);

    bench.patch(CompressionJob.class, "spam-int8", "{\"spec\":{\"gate\":{\"minSpeedup\":1.2}}}");
    bench.compression(
        "spam-int8", job -> message(conditions(job), "Accepted").contains("at least 1.2x"));
    bench.inference("spam", inferenceIs("Available"));
  }

  private Map<String, String> versions() {
    return bench
        .objects(
            List.of(
                FineTuneJob.class,
                CompressionJob.class,
                InferenceDeployment.class,
                Job.class,
                ConfigMap.class,
                Deployment.class,
                Service.class,
                PodDisruptionBudget.class))
        .collect(
            Collectors.toMap(
                object -> object.getKind() + "/" + object.getMetadata().getName(),
                object -> object.getMetadata().getResourceVersion()));
  }

  private void finish(Job job, Pod pod, String sample, String uri, String digest) {
    kubelet.result(job, sample, uri, digest);
    kubelet.ended(pod, "trainer", 0, "Completed", null);
    kubelet.succeed(job);
  }
}
