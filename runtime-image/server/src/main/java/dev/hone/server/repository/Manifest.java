package dev.hone.server.repository;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The members of an artifact's {@code manifest.json} that serving needs. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Manifest(
    int schemaVersion,
    @Nullable String format,
    @Nullable String modelPath,
    @Nullable Task task,
    @Nullable List<File> files) {

  /** What the model is for. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Task(String type, @Nullable List<String> labels, @Nullable Integer maxLength) {}

  /** One file of the artifact. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record File(String path, long sizeBytes, String sha256) {}
}
