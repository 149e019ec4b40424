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
    @Size(max = 32)
        @JsonPropertyDescription(
            "After divided by before of each figure of which less is better, by the paired ratio.")
        @Nullable Map<String, Interval> metricRatios,
    @Min(value = 0, inclusive = false)
        @JsonPropertyDescription("Bytes after divided by bytes before.")
        @Nullable Double sizeRatio,
    @JsonPropertyDescription("Median latency before divided by median latency after.")
        @Nullable Interval speedup,
    @Size(max = 256)
        @JsonPropertyDescription(
            "Why there is no speedup that counts yet, if the result is for another class of device than the run's.")
        @Nullable String speedupUnknown,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription("Share of the samples with the same answer, from 0 to 1.")
        @Nullable Double agreement,
    @JsonPropertyDescription("The same share with its interval, by rows drawn anew.")
        @Nullable Interval agreementInterval) {

  /** Nothing was compared. */
  public static final Comparison NONE =
      new Comparison(null, null, null, null, null, null, null, null);
}
