package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How requests are put together. */
@ApiType
public record Batching(
    @Min(1)
        @Max(4096)
        @JsonPropertyDescription("Most samples that are computed at once (default: 8).")
        @Nullable Integer maxBatchSize,
    @Size(min = 1, max = 16) @JsonPropertyDescription("Lengths that inputs are padded to, rising.")
        List<@Min(1) @Max(131072) Integer> sequenceLengths,
    @Min(1)
        @Max(3_600_000)
        @JsonPropertyDescription(
            "Longest predicted wait in milliseconds before a request is turned away (default: 1000).")
        @Nullable Integer maxWaitMillis) {

  public Batching {
    sequenceLengths = sequenceLengths == null ? List.of() : List.copyOf(sequenceLengths);
  }
}
