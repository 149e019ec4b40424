package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How ranges of activations are found. */
@ApiType
@ValidationRule(
    value = "!has(self.percentile) || (has(self.method) && self.method == 'Percentile')",
    message = "percentile needs method: Percentile")
public record Calibration(
    @JsonPropertyDescription(
            "How a range is taken from the values that were seen (default: MinMax).")
        @Nullable Method method,
    @Min(1)
        @Max(100000)
        @JsonPropertyDescription("Samples of the calibration data that are run (default: 128).")
        @Nullable Integer samples,
    @Min(value = 0, inclusive = false)
        @Max(100)
        @JsonPropertyDescription(
            "Share of the values that a range covers, in percent (default: 99.99).")
        @Nullable Double percentile) {

  /** How a range is taken. */
  public enum Method {
    @JsonProperty("MinMax")
    MIN_MAX,
    @JsonProperty("Entropy")
    ENTROPY,
    @JsonProperty("Percentile")
    PERCENTILE
  }
}
