package dev.hone.contract;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The schemas and samples of the contract, as both sides of it read them. */
final class ContractFiles {

  static final Path FOLDER =
      Repository.root().resolve("operator/api/src/main/resources/contract/v1");

  private static final String ID_PREFIX = "https://hone.dev/contract/v1/";
  private static final String SUFFIX = ".schema.json";

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12, registry -> registry.schemas(schemasById()));

  private ContractFiles() {}

  /** Names of the schemas, for example {@code job-config}. */
  static List<String> schemaNames() {
    return list(FOLDER, SUFFIX).stream()
        .map(file -> file.getFileName().toString().replace(SUFFIX, ""))
        .toList();
  }

  /** The samples of one kind: valid, invalid or gate. */
  static List<Path> samples(String kind) {
    return list(FOLDER.resolve("samples").resolve(kind), ".json");
  }

  /** The schema that a sample is about, by the first part of its name. */
  static String schemaOf(Path sample) {
    String name = sample.getFileName().toString();
    return name.substring(0, name.indexOf('.'));
  }

  /** What a schema has against a document. */
  static List<Error> errors(String schema, String fragment, String document) {
    Schema loaded = REGISTRY.getSchema(SchemaLocation.of(ID_PREFIX + schema + SUFFIX + fragment));
    return loaded.validate(
        document,
        InputFormat.JSON,
        execution -> execution.executionConfig(config -> config.formatAssertionsEnabled(true)));
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> schemasById() {
    return schemaNames().stream()
        .collect(
            Collectors.toMap(
                name -> ID_PREFIX + name + SUFFIX, name -> read(FOLDER.resolve(name + SUFFIX))));
  }

  private static List<Path> list(Path folder, String suffix) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
