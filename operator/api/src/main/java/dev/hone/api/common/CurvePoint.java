package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** One point of a loss curve. */
@ApiType
public record CurvePoint(
    @JsonPropertyDescription("Optimizer steps done.") long step,
    @JsonPropertyDescription("Training loss of the step.") @Nullable Double loss,
    @JsonPropertyDescription("Loss on the evaluation data, where it was evaluated.")
        @Nullable Double evaluationLoss) {}
