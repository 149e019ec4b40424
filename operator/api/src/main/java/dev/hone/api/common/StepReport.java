package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What a compression step did; its figures are the network's after it. */
@ApiType
public record StepReport(
    @JsonPropertyDescription("The step, with what tells it from others of its kind.") String name,
    @JsonPropertyDescription("How long it took.") double seconds,
    @JsonPropertyDescription("Parameters of the network.") @Nullable Long parameters,
    @JsonPropertyDescription("Parameters that are not zero.") @Nullable Long nonZeroParameters,
    @JsonPropertyDescription("Multiply-accumulates of one input of the longest length.")
        @Nullable Long macs,
    @JsonPropertyDescription("Share of parameters that are zero.") @Nullable Double sparsity,
    @JsonPropertyDescription("What was done, and what follows from it.") String message) {}
