package dev.hone.api.crd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Keeps the folder {@code crds/} equal to what the records say; {@code -Dhone.generate=true} writes
 * it.
 */
class CrdDriftTest {

  @Test
  void theDefinitionsAreThoseOfTheRecords() throws IOException {
    SortedMap<String, String> expected = CrdDocuments.generate();
    Path folder = Repository.crds();
    if (Boolean.getBoolean("hone.generate")) {
      write(folder, expected);
    }
    assertThat(read(folder))
        .as("the folder crds/ differs from the records of operator/api: run make generate")
        .isEqualTo(expected);
  }

  private static void write(Path folder, SortedMap<String, String> documents) throws IOException {
    Files.createDirectories(folder);
    for (String name : read(folder).keySet()) {
      Files.delete(folder.resolve(name));
    }
    for (var document : documents.entrySet()) {
      Files.writeString(folder.resolve(document.getKey()), document.getValue());
    }
  }

  private static SortedMap<String, String> read(Path folder) throws IOException {
    SortedMap<String, String> documents = new TreeMap<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
          documents.put(file.getFileName().toString(), Files.readString(file));
        }
      }
    }
    return documents;
  }
}
