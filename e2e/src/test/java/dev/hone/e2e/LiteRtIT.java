package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The example for LiteRT, as it is committed but for the model, the data and the gate. Its pods run
 * in an image of their own, which is built on top of the trainer's.
 */
@ExtendWith(Lab.Provider.class)
@EnabledIfEnvironmentVariable(
    named = "LITERT",
    matches = ".+",
    disabledReason =
        "its pods need the image trainer-litert: LITERT=1 e2e/run -Dit.test=LiteRtIT builds it")
class LiteRtIT {
  private static final Path EXAMPLE = Path.of("../examples/03-compression/export-tflite.yaml");
  private static final Duration RUN = Duration.ofSeconds(300);

  @Test
  void aFileForLiteRtIsWrittenQuantizedAndMeasuredInAPod(Lab lab) {
    Resource text = lab.apply("finetune.yaml", manifest -> manifest.name("taught-litert"));
    try {
      text.awaitReady("Completed", RUN);
      Resource resource = lab.applyCompression(EXAMPLE, text, text, UnaryOperator.identity());
      try {
        Resource.Status status = resource.awaitReady("Completed", RUN);
        assertThat(status.state("Accepted")).isEqualTo("True");
        assertThat(status.<String>value("export", "format")).isEqualTo("LiteRT");
        assertThat(status.number("metrics", "after", "accuracy", "value")).isGreaterThan(80.0);
        assertThat(status.number("metrics", "comparison", "sizeRatio")).isLessThan(0.9);
        String folder = status.<String>value("artifact", "uri").replace("pvc://e2e/", "");
        assertThat(lab.list(folder)).contains("manifest.json", "model.tflite");
      } finally {
        resource.delete();
      }
    } finally {
      text.delete();
    }
  }
}
