package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** What a new version must keep to while it gets traffic. */
@ApiType
public record Analysis(
    @Min(0) @Max(1) @JsonPropertyDescription("Share of requests that may fail (default: 0.01).")
        @Nullable Double maxErrorRate,
    @Min(value = 0, inclusive = false)
        @Max(1000)
        @JsonPropertyDescription(
            "Median latency of the new version divided by that of the old one, at most.")
        @Nullable Double maxP50Ratio,
    @Min(value = 0, inclusive = false)
        @Max(1000)
        @JsonPropertyDescription(
            "99th percentile of the new version divided by that of the old one, at most.")
        @Nullable Double maxP99Ratio,
    @Min(value = 0, inclusive = false)
        @Max(3_600_000)
        @JsonPropertyDescription("Median latency in milliseconds, at most.")
        @Nullable Double maxP50Millis,
    @Min(value = 0, inclusive = false)
        @Max(3_600_000)
        @JsonPropertyDescription("99th percentile of the latency in milliseconds, at most.")
        @Nullable Double maxP99Millis,
    @Min(1)
        @Max(1_000_000_000)
        @JsonPropertyDescription("Requests before anything is decided (default: 100).")
        @Nullable Integer minRequests,
    @Min(1)
        @Max(86400)
        @JsonPropertyDescription("Time between two looks at the figures (default: 10).")
        @Nullable Integer intervalSeconds,
    @JsonPropertyDescription("What to do while there are no requests (default: Wait).")
        @Nullable NoData noData) {

  /** What to do while there are no requests. */
  public enum NoData {
    @JsonProperty("Wait")
    WAIT,
    @JsonProperty("Proceed")
    PROCEED,
    @JsonProperty("Rollback")
    ROLLBACK
  }
}
