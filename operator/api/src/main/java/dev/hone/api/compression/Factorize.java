package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replaces weight matrices by products of two thin ones. */
@ApiType
@ValidationRule(
    value = "has(self.rankRatio) != has(self.energy)",
    message =
        "write exactly one of rankRatio (share of the full rank) and energy (share of the squared singular values)")
public record Factorize(
    @Min(value = 0, inclusive = false)
        @Max(1)
        @JsonPropertyDescription("Rank as a share of the full rank.")
        @Nullable Double rankRatio,
    @Min(value = 0, inclusive = false)
        @Max(1)
        @JsonPropertyDescription("Share of the squared singular values that is kept.")
        @Nullable Double energy,
    @JsonPropertyDescription(
            "Weights the error by the activations of the calibration data (default: false).")
        @Nullable Boolean activationWeighted,
    @Size(min = 1, max = 64) @JsonPropertyDescription("Layers that stay whole, by name.")
        List<@Size(min = 1, max = 256) String> excludeLayers) {

  public Factorize {
    excludeLayers = excludeLayers == null ? List.of() : List.copyOf(excludeLayers);
  }
}
