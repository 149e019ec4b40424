package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the model after a run compares with the one before. */
@ApiType
public record Comparison(
    @JsonPropertyDescription(
            "Percentage points of accuracy lost (negative if gained), by the paired difference.")
        @Nullable Interval accuracyDrop,
    @Size(max = 32)
        @JsonPropertyDescription(
            "How much worse each figure became, in its own unit (negative if it became better), by the paired"
                + " difference.")
        @Nullable Map<String, Interval> metricDrops,
    @Min(value = 0, inclusive = false)
        @JsonPropertyDescription("Bytes after divided by bytes before.")
        @Nullable Double sizeRatio,
    @JsonPropertyDescription("Median latency before divided by median latency after.")
        @Nullable Interval speedup,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription("Share of the samples with the same answer, from 0 to 1.")
        @Nullable Double agreement) {}
