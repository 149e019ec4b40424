package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** How the model after a run compares with the one before. */
@ApiType
public record Comparison(
    @JsonPropertyDescription(
            "Percentage points of accuracy lost (negative if gained), by the paired difference.")
        @Nullable Interval accuracyDrop,
    @JsonPropertyDescription("Bytes after divided by bytes before.") @Nullable Double sizeRatio,
    @JsonPropertyDescription("Median latency before divided by median latency after.")
        @Nullable Interval speedup,
    @JsonPropertyDescription("Share of the samples with the same answer, from 0 to 1.")
        @Nullable Double agreement) {}
