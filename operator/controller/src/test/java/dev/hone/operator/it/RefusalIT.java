package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.compressionIs;
import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Specs that cannot be carried out: each gets one sentence and no Job. */
@WithApiServer
class RefusalIT extends OperatorTest {

  @Test
  void aCycleIsNamedByEveryMember() {
    bench.apply(Workbench.COMPRESS, compressionOf("egg", "hen"));
    bench.apply(Workbench.COMPRESS, compressionOf("hen", "chick"));
    bench.apply(Workbench.COMPRESS, compressionOf("chick", "egg"));
    for (String name : new String[] {"egg", "hen", "chick"}) {
      CompressionJob job = bench.compression(name, compressionIs("Invalid"));
      assertThat(message(conditions(job), "Ready"))
          .startsWith("refers to itself: CompressionJob " + name)
          .contains("egg", "hen", "chick");
      assertThat(bench.jobs(name)).isEmpty();
    }
    bench
        .client()
        .resources(CompressionJob.class)
        .inNamespace(bench.namespace())
        .withName("chick")
        .delete();
    bench.compression("hen", compressionIs("WaitingForReference"));
  }

  private static UnaryOperator<String> compressionOf(String name, String source) {
    return yaml ->
        yaml.replace("name: spam-int8", "name: " + name)
            .replaceFirst("kind: FineTuneJob", "kind: CompressionJob")
            .replace("name: spam-lora", "name: " + source);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          uri: pvc://spam-filter/artifacts | uri: s3://bucket/artifacts        | spec.output.uri with s3:// is not supported yet; put it on a volume and write pvc://CLAIM/PATH
          """)
  void whatNothingCarriesOutYetIsRefusedByName(String from, String to, String sentence) {
    bench.apply(Workbench.FINE_TUNE, yaml -> yaml.replace(from, to));
    FineTuneJob refused = bench.fineTune("spam-lora", fineTuneIs("Unsupported"));
    assertThat(message(conditions(refused), "Ready")).isEqualTo(sentence);
    assertThat(bench.jobs("spam-lora")).isEmpty();
  }

  @Test
  void aCompressionOnSeveralNodesIsRefused() {
    bench.apply(Workbench.COMPRESS, yaml -> yaml.replace("gpus: 1", "nodes: 2"));
    CompressionJob refused = bench.compression("spam-int8", compressionIs("Unsupported"));
    assertThat(message(conditions(refused), "Ready"))
        .isEqualTo("spec.resources.nodes above 1 is not supported yet; write nodes: 1");
    assertThat(bench.jobs("spam-int8")).isEmpty();
  }

  @Test
  void aFormatThatNeedsAnImageOfItsOwnIsRefusedWithoutIt() {
    bench.apply(Workbench.COMPRESS, yaml -> yaml.replace("onnx: {}", "tfLite: {}"));
    CompressionJob refused = bench.compression("spam-int8", compressionIs("Unsupported"));
    assertThat(message(conditions(refused), "Ready"))
        .startsWith(
            "spec.export.tfLite runs in an image with LiteRT, and the operator was given none; ");
    assertThat(bench.jobs("spam-int8")).isEmpty();
  }

  @Test
  void aPodTemplateThatTheApiServerRefusesIsSaidInItsWords() {
    bench.apply(
        Workbench.FINE_TUNE,
        yaml ->
            yaml
                + "  podTemplate:\n    spec:\n      containers:\n        - name: sidecar\n"
                + "          image: example.org/x\n          ports:\n            - containerPort: 70000\n");
    FineTuneJob invalid = bench.fineTune("spam-lora", fineTuneIs("Invalid"));
    assertThat(message(conditions(invalid), "Ready"))
        .startsWith("the API server refuses the run: ")
        .contains("containerPort");
    assertThat(invalid.getStatus().job()).isNull();
  }

  @Test
  void anObjectOfSomebodyElseIsNeverTakenOver() {
    bench
        .client()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName("spam")
                .withNamespace(bench.namespace())
                .endMetadata()
                .withNewSpec()
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
    bench.apply(
        Workbench.SERVE,
        yaml ->
            yaml.replaceFirst(
                "from:\\s+kind: CompressionJob\\s+name: spam-int8", "uri: pvc://spam-filter/m"));
    InferenceDeployment blocked = bench.inference("spam", inferenceIs("Invalid"));
    assertThat(message(conditions(blocked), "Ready"))
        .startsWith("Service spam is in the way: it belongs to no resource of Hone");
  }
}
