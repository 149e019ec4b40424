package dev.hone.server.engine;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * The {@code manifest.json} of an engine; it is written last, and a folder without it is no engine.
 *
 * @param schemaVersion version of this document
 * @param key the engine's key, and the name of its folder
 * @param spec the parts of the key
 * @param model the file to load
 * @param buildSeconds how long its building took
 * @param files every file of the engine, but this one
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record EngineManifest(
    int schemaVersion,
    String key,
    EngineSpec spec,
    String model,
    double buildSeconds,
    List<File> files) {

  static final String NAME = "manifest.json";
  static final int SCHEMA_VERSION = 1;

  /** Copies the list. */
  public EngineManifest {
    files = files == null ? List.of() : List.copyOf(files);
  }

  /** One file of the engine. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record File(String path, long sizeBytes, String sha256) {}

  /** Bytes of all files. */
  public long sizeBytes() {
    return files.stream().mapToLong(File::sizeBytes).sum();
  }
}
