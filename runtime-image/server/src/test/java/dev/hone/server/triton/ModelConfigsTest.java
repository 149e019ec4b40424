package dev.hone.server.triton;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.backend.Signature;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import dev.hone.server.triton.wire.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each model's configuration, as Triton reads it. {@code -Dhone.golden.update=true} writes the
 * files anew.
 */
class ModelConfigsTest {
  private static final Path GOLDEN = Path.of("src/test/resources/triton");

  /**
   * A configuration.
   *
   * @param file name of its golden file
   * @param model the model, below the folder of them all
   * @param settings variables
   * @param plans plans by compute capability
   */
  private record Case(
      String file, String model, Map<String, String> settings, Map<String, String> plans) {
    @Override
    public String toString() {
      return file;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(
            "text-on-the-cpu",
            "models/spam",
            Map.of("HONE_MAX_BATCH", "8", "HONE_TRITON_INSTANCES", "CPU"),
            Map.of()),
        new Case(
            "text-with-tensorrt",
            "models/spam",
            Map.of(
                "HONE_MAX_BATCH", "6",
                "HONE_SEQUENCE_LENGTHS", "16,24",
                "HONE_MAX_WAIT_MILLIS", "250",
                "HONE_MAX_QUEUE", "64",
                "HONE_TRITON_INSTANCES", "GPU",
                "HONE_PROVIDERS", "TensorRT,CUDA",
                "HONE_PRECISION", "FP16"),
            Map.of()),
        new Case(
            "text-with-cuda",
            "models/spam",
            Map.of("HONE_TRITON_INSTANCES", "GPU", "HONE_PROVIDERS", "CUDA"),
            Map.of()),
        new Case(
            "text-as-plans",
            "models/spam",
            Map.of("HONE_TRITON_INSTANCES", "GPU", "HONE_PROVIDERS", "TensorRT"),
            Map.of("8.0", "8.0.plan", "8.9", "8.9.plan")),
        new Case("every-datatype", "models/types", Map.of("HONE_MAX_BATCH", "2"), Map.of()),
        new Case(
            "outputs-of-other-datatypes", "models/wide", Map.of("HONE_MAX_BATCH", "1"), Map.of()),
        new Case(
            "no-batch-axis",
            "models/spin",
            Map.of("HONE_PROVIDERS", "TensorRT", "HONE_TRITON_INSTANCES", "GPU"),
            Map.of()),
        new Case("lengths-that-nobody-knows", "models-mean/mean", Map.of(), Map.of()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isAsItsGoldenFile(Case given) throws Exception {
    TritonModel model = model(given);
    TritonSettings settings = TritonSettings.of(given.settings(), 2);

    String text = ModelConfigs.text(model, settings);

    Path golden = GOLDEN.resolve(given.file() + ".pbtxt");
    if (Boolean.getBoolean("hone.golden.update")) {
      Files.writeString(golden, text);
    }
    assertThat(golden).hasContent(text);
    assertThat(TextFormat.parse(text, ModelConfig.class))
        .isEqualTo(ModelConfigs.of(model, settings));
  }

  @Test
  void everyGoldenFileIsUsed() throws IOException {
    try (Stream<Path> files = Files.list(GOLDEN)) {
      assertThat(files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()))
          .isEqualTo(cases().map(given -> given.file() + ".pbtxt").collect(Collectors.toSet()));
    }
  }

  @Test
  void aRowWithoutDimensionsIsReshaped() throws Exception {
    TensorMetadata row = new TensorMetadata("x", Datatype.FP32, Shape.of(Shape.ANY));
    TritonModel model =
        new TritonModel(
            "served",
            new Signature(List.of(row), List.of(row), true, Set.of()),
            "model.onnx",
            new TreeMap<>(),
            Optional.empty(),
            List.of(),
            Optional.empty());

    ModelConfig config = ModelConfigs.of(model, TritonSettings.of(Map.of(), 1));

    assertThat(config.getInput(0).getDimsList()).containsExactly(1L);
    assertThat(config.getInput(0).hasReshape()).isTrue();
    assertThat(config.getOutput(0).getDimsList()).containsExactly(1L);
    assertThat(config.getOutput(0).hasReshape()).isTrue();
    assertThat(config.getModelWarmup(0).getInputsOrThrow("x").getDimsList()).containsExactly(1L);
  }

  private static TritonModel model(Case given) throws Exception {
    boolean spam = given.model().endsWith("spam");
    SortedMap<String, String> plans = new TreeMap<>(given.plans());
    Path file = Models.REPOSITORY.resolveSibling(given.model()).resolve("1/model.onnx");
    try (OnnxBackend backend = Backends.onCpu(file)) {
      return new TritonModel(
          "served",
          backend.signature(),
          given.model().endsWith("mean") ? "onnx/mean.onnx" : "model.onnx",
          plans,
          spam ? Optional.of("sha256:" + "a".repeat(64)) : Optional.empty(),
          spam ? List.of("ham", "spam") : List.of(),
          spam ? Optional.of(24) : Optional.empty());
    }
  }
}
