package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each manifest of examples/02-fine-tuning-methods as it is committed, but for the model, the data
 * and the number of steps, which are those of the lab.
 */
@ExtendWith(Lab.Provider.class)
class MethodsIT {
  private static final Path EXAMPLES = Path.of("../examples/02-fine-tuning-methods");
  private static final Duration RUN = Duration.ofSeconds(180);

  static List<Path> manifests() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("manifests")
  void trainsInAPod(Path file, Lab lab) {
    Resource resource = lab.applyExample(file);
    try {
      Resource.Status status = resource.awaitReady("Completed", RUN);
      double trainable = status.number("training", "trainableParameters");
      double total = status.number("training", "totalParameters");
      assertThat(trainable).isPositive();
      if (file.endsWith("full.yaml")) {
        assertThat(trainable).isEqualTo(total);
      } else {
        assertThat(trainable).isLessThan(total);
      }
      assertThat(status.number("training", "steps")).isEqualTo(Lab.EXAMPLE_STEPS);
      String folder = status.<String>value("artifact", "uri").replace("pvc://e2e/", "");
      boolean merged = !Boolean.FALSE.equals(resource.get().get("spec", "output", "merge"));
      assertThat(lab.list(folder))
          .contains("manifest.json", "loss.jsonl")
          .satisfies(names -> assertThat(names.contains("model")).isEqualTo(merged))
          .satisfies(
              names ->
                  assertThat(names.contains("adapter")).isEqualTo(!file.endsWith("full.yaml")));
    } finally {
      resource.delete();
    }
  }
}
