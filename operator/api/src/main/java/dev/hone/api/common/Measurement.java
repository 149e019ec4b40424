package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What was measured of one model. */
@ApiType
public record Measurement(
    @JsonPropertyDescription(
            "Accuracy on the evaluation data in percent, with its Wilson interval.")
        @Nullable Interval accuracy,
    @JsonPropertyDescription("Macro-averaged F1 on the evaluation data.") @Nullable Double macroF1,
    @JsonPropertyDescription("Loss on the evaluation data.") @Nullable Double loss,
    @JsonPropertyDescription("Samples of the evaluation data.") @Nullable Long samples,
    @JsonPropertyDescription("Bytes of the model.") @Nullable Long sizeBytes,
    @JsonPropertyDescription("Time of one prediction, in milliseconds.")
        @Nullable Latency latencyMillis) {}
