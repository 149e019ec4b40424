package dev.hone.operator.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * A folder of {@code in-NAME.yaml}, a resource, and {@code out-NAME.yaml}, everything that is made
 * for it. A file that has no counterpart fails. {@code -Dhone.golden.update=true} writes the
 * outputs; look at the difference before you commit it.
 */
final class GoldenFiles {

  private GoldenFiles() {}

  static Stream<DynamicTest> tests(
      String folder, Function<HasMetadata, List<? extends HasMetadata>> build) throws IOException {
    return documents(folder, yaml -> build.apply(read(yaml)));
  }

  /** As {@link #tests}, for inputs that are more than one resource. */
  static Stream<DynamicTest> documents(String folder, Function<String, List<?>> build)
      throws IOException {
    Path directory = Path.of("src/test/resources/golden").resolve(folder);
    List<String> names = names(directory);
    assertThat(names).isNotEmpty();
    return names.stream()
        .filter(name -> name.startsWith("in-") || !names.contains("in-" + name.substring(4)))
        .map(name -> DynamicTest.dynamicTest(name, () -> check(directory, name, build)));
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void check(Path directory, String name, Function<String, List<?>> build)
      throws IOException {
    assertThat(name).as("a file that no test uses: rename or remove it").matches("in-.*[.]yaml");
    String made =
        build.apply(Files.readString(directory.resolve(name))).stream()
            .map(GoldenFiles::sorted)
            .map(Serialization::asYaml)
            .collect(Collectors.joining());
    Path output = directory.resolve("out-" + name.substring("in-".length()));
    if (Boolean.getBoolean("hone.golden.update")) {
      Files.writeString(output, made);
    }
    assertThat(output).exists();
    assertThat(made).isEqualTo(Files.readString(output));
  }

  /** A resource of ours, or a node. */
  static HasMetadata read(String yaml) {
    String kind = Serialization.unmarshal(yaml, GenericKubernetesResource.class).getKind();
    return switch (kind) {
      case FineTuneJob.KIND -> Serialization.unmarshal(yaml, FineTuneJob.class);
      case CompressionJob.KIND -> Serialization.unmarshal(yaml, CompressionJob.class);
      case InferenceDeployment.KIND -> Serialization.unmarshal(yaml, InferenceDeployment.class);
      case EngineBuild.KIND -> Serialization.unmarshal(yaml, EngineBuild.class);
      case "Node" -> Serialization.unmarshal(yaml, Node.class);
      default -> throw new IllegalArgumentException("no resource of ours: " + kind);
    };
  }

  /** Labels and the like have no order of their own: give them one. */
  private static JsonNode sorted(Object object) {
    return sort(Serialization.unmarshal(Serialization.asJson(object), JsonNode.class));
  }

  private static JsonNode sort(JsonNode node) {
    if (node instanceof ArrayNode array) {
      ArrayNode sorted = array.arrayNode();
      array.forEach(item -> sorted.add(sort(item)));
      return sorted;
    }
    if (!(node instanceof ObjectNode object)) {
      return node;
    }
    ObjectNode sorted = object.objectNode();
    object
        .propertyStream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(member -> sorted.set(member.getKey(), sort(member.getValue())));
    return sorted;
  }
}
