package dev.hone.api.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A manifest that the API server must take or refuse. A file holds a merge patch over the folder's
 * base.yaml: one document for a creation, two for a change (before, with the status that it has
 * then, and after).
 */
record CelCase(String name, List<JsonNode> documents, Optional<String> error) {

  private static final String ERROR = "# error: ";
  private static final String BASE = "base.yaml";
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  /** Every case of every folder; a file that is no case is an error. */
  static List<CelCase> all(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).sorted().map(file -> read(root, file)).toList();
    }
  }

  String kind() {
    return documents.getFirst().path("kind").asText();
  }

  boolean isChange() {
    return documents.size() == 2;
  }

  @Override
  public String toString() {
    return name;
  }

  private static CelCase read(Path root, Path file) {
    String name = root.relativize(file).toString();
    String fileName = file.getFileName().toString();
    try {
      String firstLine = Files.readAllLines(file).getFirst();
      JsonNode base = YAML.readTree(file.resolveSibling(BASE).toFile());
      if (fileName.equals(BASE)) {
        return new CelCase(name, List.of(base), Optional.empty());
      }
      List<JsonNode> documents = documents(file).stream().map(patch -> merge(base, patch)).toList();
      if (documents.size() > 2) {
        throw new IllegalStateException(name + " holds more than two documents");
      }
      boolean invalid = fileName.matches("invalid-[-a-z0-9]+[.]yaml");
      if (!invalid && !fileName.matches("valid-[-a-z0-9]+[.]yaml")) {
        throw new IllegalStateException(
            name + " is no case: call it valid-….yaml or invalid-….yaml");
      }
      if (invalid != firstLine.startsWith(ERROR)) {
        throw new IllegalStateException(
            name + ": an invalid case, and no other, starts with '" + ERROR + "'");
      }
      return new CelCase(
          name,
          documents,
          invalid ? Optional.of(firstLine.substring(ERROR.length())) : Optional.empty());
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  private static List<JsonNode> documents(Path file) throws IOException {
    try (MappingIterator<JsonNode> documents =
        YAML.readerFor(JsonNode.class).readValues(file.toFile())) {
      return documents.readAll();
    }
  }

  /** RFC 7396. */
  private static JsonNode merge(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode changes)) {
      return patch;
    }
    ObjectNode result =
        target instanceof ObjectNode object ? object.deepCopy() : YAML.createObjectNode();
    changes
        .properties()
        .forEach(
            change -> {
              if (change.getValue().isNull()) {
                result.remove(change.getKey());
              } else {
                result.set(change.getKey(), merge(result.path(change.getKey()), change.getValue()));
              }
            });
    return result;
  }
}
