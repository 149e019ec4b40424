package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stores weights as indices into small codebooks. */
@ApiType
public record ShareWeights(
    @Min(1)
        @Max(8)
        @JsonPropertyDescription(
            "Bits per weight; a codebook has two to that power entries (default: 4).")
        @Nullable Integer codebookBits,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription("Weights that share a codebook (default: a whole layer).")
        @Nullable Integer groupSize,
    @JsonPropertyDescription("Lets equally shaped layers share their weights (default: false).")
        @Nullable Boolean tieLayers,
    @Size(min = 1, max = 64) @JsonPropertyDescription("Layers that stay whole, by name.")
        List<@Size(min = 1, max = 256) String> excludeLayers) {

  public ShareWeights {
    excludeLayers = excludeLayers == null ? List.of() : List.copyOf(excludeLayers);
  }
}
