package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was measured of one model. */
@ApiType
public record Measurement(
    @JsonPropertyDescription(
            "Accuracy on the evaluation data in percent, with its Wilson interval.")
        @Nullable Interval accuracy,
    @JsonPropertyDescription("Macro-averaged F1 on the evaluation data.") @Nullable Double macroF1,
    @Size(max = 32)
        @JsonPropertyDescription(
            "Every figure by name: accuracies in percent, F1, R2 and Spearman as fractions of 1, errors in the units of"
                + " the target (docs/tasks-and-data.md).")
        @Nullable Map<String, Interval> metrics,
    @Size(max = 64)
        @JsonPropertyDescription("Name of the figure that the task is judged by, one of metrics.")
        @Nullable String primaryMetric,
    @JsonPropertyDescription("Loss on the evaluation data.") @Nullable Double loss,
    @Min(0) @JsonPropertyDescription("Samples of the evaluation data.") @Nullable Long samples,
    @Min(0) @JsonPropertyDescription("Bytes of the model.") @Nullable Long sizeBytes,
    @JsonPropertyDescription("Time of one prediction, in milliseconds.")
        @Nullable Latency latencyMillis) {}
