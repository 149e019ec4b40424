package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A folder of {@code in-NAME.yaml}, what is known, and {@code out-NAME.yaml}, what is decided.
 * {@code -Dhone.golden.update=true} writes the outputs; look at the difference before you commit
 * it.
 */
class RolloutDecisionTest {
  private static final Path FOLDER = Path.of("src/test/resources/golden/rollout-decisions");

  @TestFactory
  Stream<DynamicTest> decisions() throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.list(FOLDER)) {
      names = files.map(file -> file.getFileName().toString()).sorted().toList();
    }
    assertThat(names).isNotEmpty();
    return names.stream()
        .filter(name -> name.startsWith("in-") || !names.contains("in-" + name.substring(4)))
        .map(name -> DynamicTest.dynamicTest(name, () -> check(name)));
  }

  private static void check(String name) throws IOException {
    assertThat(name).as("a file that no test uses: rename or remove it").matches("in-.*[.]yaml");
    String made = Serialization.asYaml(new Scene(Files.readString(FOLDER.resolve(name))).decide());
    Path output = FOLDER.resolve("out-" + name.substring("in-".length()));
    if (Boolean.getBoolean("hone.golden.update")) {
      Files.writeString(output, made);
    }
    assertThat(output).exists();
    assertThat(made).isEqualTo(Files.readString(output));
  }
}
