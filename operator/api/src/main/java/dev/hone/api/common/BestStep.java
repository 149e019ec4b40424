package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;

/** The evaluation, during a training, that was better than all others. */
@ApiType
public record BestStep(
    @JsonPropertyDescription("Optimizer steps done before it.") long step,
    @JsonPropertyDescription("The metric by which it is the best.") String metric,
    @JsonPropertyDescription("The metric's value there.") double value) {}
