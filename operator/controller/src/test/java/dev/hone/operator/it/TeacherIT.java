package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.compressionIs;
import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.compression.CompressionJob;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.junit.jupiter.api.Test;

/** A student whose teacher is the artifact of another resource. */
@WithApiServer
class TeacherIT extends OperatorTest {

  private static final String TAUGHT = "pvc://spam-filter/artifacts/teacher-x";

  private static final String STUDENT =
      """
      apiVersion: hone.dev/v1alpha1
      kind: CompressionJob
      metadata:
        name: student
      spec:
        model: {uri: "pvc://models/small"}
        dataset:
          train: {uri: "pvc://data/train.jsonl"}
        steps:
          - distill:
              teacher:
                from: {kind: FineTuneJob, name: spam-lora}
              training: {epochs: 1}
        export: {onnx: {}}
        output: {uri: "pvc://results/artifacts"}
      """;

  @Test
  void aStudentWaitsForItsTeacherAndLearnsFromItsArtifact() {
    bench.applyText(STUDENT);
    CompressionJob missing = bench.compression("student", compressionIs("WaitingForReference"));
    assertThat(message(conditions(missing), "Ready"))
        .startsWith("waits for FineTuneJob spam-lora, which does not exist in namespace")
        .endsWith("; create it, or correct distill.teacher.from");
    bench.apply(Workbench.FINE_TUNE);
    Job training = bench.job("spam-lora");
    Pod pod = kubelet.podOf(training);
    kubelet.running(pod, "trainer");
    bench.compression("student", job -> message(conditions(job), "Ready").contains("now Running"));
    assertThat(bench.jobs("student")).isEmpty();
    kubelet.result(training, "result.finetune.json", TAUGHT, DIGEST_A);
    kubelet.ended(pod, "trainer", 0, "Completed", null);
    kubelet.succeed(training);
    bench.fineTune("spam-lora", fineTuneIs("Completed"));

    Job learning = bench.job("student");
    String config =
        bench
            .client()
            .configMaps()
            .inNamespace(bench.namespace())
            .withName(learning.getMetadata().getName())
            .get()
            .getData()
            .get("job.json");
    assertThat(config).contains(TAUGHT, DIGEST_A).doesNotContain("\"from\"");
    assertThat(learning.getSpec().getTemplate().getSpec().getVolumes())
        .extracting(
            volume ->
                volume.getPersistentVolumeClaim() == null
                    ? ""
                    : volume.getPersistentVolumeClaim().getClaimName())
        .contains("models", "data", "spam-filter", "results");
    CompressionJob resolved =
        bench.compression(
            "student", job -> ConditionSet.isTrue(conditions(job), "ReferencesResolved"));
    assertThat(message(conditions(resolved), "ReferencesResolved"))
        .startsWith("takes the artifact of FineTuneJob spam-lora, sha256:");
  }

  @Test
  void aTeacherThatLearnsFromItsStudentIsACycle() {
    bench.applyText(
        STUDENT.replace("FineTuneJob, name: spam-lora", "CompressionJob, name: teacher"));
    bench.applyText(
        STUDENT
            .replace("FineTuneJob, name: spam-lora", "CompressionJob, name: student")
            .replace("  name: student\nspec", "  name: teacher\nspec"));
    CompressionJob one = bench.compression("student", compressionIs("Invalid"));
    assertThat(message(conditions(one), "Ready"))
        .contains("CompressionJob student → CompressionJob teacher → CompressionJob student");
  }
}
