package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** What a result must keep and gain to be accepted; may change at any time. */
@ApiType
@ValidationRule(
    value =
        "has(self.maxAccuracyDrop) || has(self.metric) || has(self.minAgreement) || has(self.maxSizeRatio)"
            + " || has(self.minSpeedup)",
    message =
        "write at least one bound: maxAccuracyDrop, metric, minAgreement, maxSizeRatio or minSpeedup; to accept any"
            + " result, remove gate")
public record Gate(
    @Min(0) @Max(100) @JsonPropertyDescription("Percentage points of accuracy that may be lost.")
        @Nullable Double maxAccuracyDrop,
    @JsonPropertyDescription("A figure of the task, by name, and how much worse it may become.")
        @Nullable MetricBound metric,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "Share of the samples that get the same answer as before, at least, from 0 to 1.")
        @Nullable Double minAgreement,
    @Min(value = 0, inclusive = false)
        @Max(10)
        @JsonPropertyDescription("Bytes after divided by bytes before, at most.")
        @Nullable Double maxSizeRatio,
    @Min(value = 0, inclusive = false)
        @Max(1000)
        @JsonPropertyDescription("Median latency before divided by median latency after, at least.")
        @Nullable Double minSpeedup,
    @JsonPropertyDescription(
            "What of a figure must keep to its bound: Point, the figure itself (the default), or Interval, the worse edge"
                + " of its 95% interval.")
        @Nullable Confidence confidence) {

  /** What of a figure must keep to its bound. */
  public enum Confidence {
    @JsonProperty("Point")
    POINT,
    @JsonProperty("Interval")
    INTERVAL
  }
}
