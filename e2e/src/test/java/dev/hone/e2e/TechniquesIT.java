package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each manifest of examples/03-compression as it is committed, but for the model, the data, the
 * gate and the extent of what trains, which are those of the lab. The one for LiteRT is LiteRtIT's.
 */
@ExtendWith(Lab.Provider.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TechniquesIT {
  private static final Path EXAMPLES = Path.of("../examples/03-compression");
  private static final Duration RUN = Duration.ofSeconds(240);
  private static final int TRIALS = 2;

  /** Those whose file may stay as large: no layer of the tiny models gains by it, or none can. */
  private static final Set<String> AS_LARGE = Set.of("factorize.yaml", "fuse.yaml");

  private static final Map<String, UnaryOperator<Manifest>> EDITS =
      Map.of(
          // The tiny model has two layers.
          "distill.yaml",
          manifest -> manifest.step(0, "distill.student", "{layers: 1, initFromLayers: [0]}"),
          // Half a byte for each of so few weights is not written as such.
          "share-weights.yaml",
          manifest -> manifest.step(0, "shareWeights.codebookBits", "8"),
          "search.yaml",
          manifest -> manifest.spec("search.trials", Integer.toString(TRIALS)));

  private static final Map<String, List<String>> FILES =
      Map.of(
          "export-openvino.yaml", List.of("model.xml", "model.bin"),
          "export-tensorrt.yaml", List.of("model.onnx", "engine-build.json"),
          "search.yaml", List.of("search.csv", "search.json", "pareto.png"));

  private Resource text;
  private Resource images;

  static List<Path> manifests() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml") && !file.endsWith("export-tflite.yaml"))
          .sorted()
          .toList();
    }
  }

  @BeforeAll
  void train(Lab lab) {
    text = lab.apply("finetune.yaml", manifest -> manifest.name("taught"));
    images =
        lab.apply(
            "finetune.yaml",
            manifest ->
                manifest
                    .name("stripes")
                    .spec("model.uri", "pvc://e2e/models/stripes")
                    .spec("dataset.train.uri", "pvc://e2e/data/stripes-train")
                    .spec("dataset.evaluation.uri", "pvc://e2e/data/stripes-test")
                    .spec("dataset.columns", "{image: image, label: label}")
                    .spec("task", "{type: ImageClassification, labels: [lying, standing]}")
                    .spec("method", "{full: {}}"));
    for (Resource trained : List.of(text, images)) {
      assertThat(
              trained.awaitReady("Completed", RUN).number("metrics", "after", "accuracy", "value"))
          .isGreaterThan(90.0);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("manifests")
  void compressesInAPod(Path file, Lab lab) {
    String name = file.getFileName().toString();
    Resource resource =
        lab.applyCompression(
            file, text, images, EDITS.getOrDefault(name, UnaryOperator.identity()));
    try {
      Resource.Status status = resource.awaitReady("Completed", RUN);
      assertThat(status.state("Accepted")).isEqualTo("True");
      assertThat(status.number("metrics", "after", "accuracy", "value")).isGreaterThan(80.0);
      double ratio = status.number("metrics", "comparison", "sizeRatio");
      assertThat(ratio).isLessThan(AS_LARGE.contains(name) ? 1.1 : 0.9);
      // Of a search the best point's; what tells of all points is above them.
      String folder = status.<String>value("artifact", "uri").replaceFirst("/points/\\d+$", "");
      List<String> made = lab.list(folder.replace("pvc://e2e/", ""));
      assertThat(made)
          .contains("manifest.json")
          .containsAll(FILES.getOrDefault(name, List.of("model.onnx")));
      assertStepsAreTold(resource.get());
    } finally {
      resource.delete();
    }
  }

  private static void assertStepsAreTold(GenericKubernetesResource resource) {
    List<Map<String, Object>> asked = resource.get("spec", "steps");
    if (asked == null) {
      assertThat(resource.<Number>get("status", "search", "trials")).isEqualTo(TRIALS);
      assertThat(resource.<List<?>>get("status", "search", "points")).isNotEmpty();
      return;
    }
    List<Map<String, Object>> told = Objects.requireNonNull(resource.get("status", "steps"));
    // A training is told of as a step of its own.
    assertThat(told).hasSizeGreaterThanOrEqualTo(asked.size());
    assertThat(told).allSatisfy(step -> assertThat((String) step.get("message")).isNotBlank());
  }

  @AfterAll
  void deleteModels() {
    Stream.of(text, images).forEach(Resource::delete);
  }
}
