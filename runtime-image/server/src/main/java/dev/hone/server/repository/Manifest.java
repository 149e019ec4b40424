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
  public record Task(
      String type,
      @Nullable List<String> labels,
      @Nullable Integer maxLength,
      @Nullable Image image) {}

  /** How an image becomes the model's input. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Image(
      int height,
      int width,
      int channels,
      @Nullable Integer resizeShortestEdge,
      @Nullable String resample,
      double rescaleFactor,
      @Nullable List<Double> mean,
      @Nullable List<Double> std) {}

  /** One file of the artifact. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record File(String path, long sizeBytes, String sha256) {}
}
