package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;

/** How often another pod went on with a training, and what that cost. */
@ApiType
public record Resumes(
    @JsonPropertyDescription("Pods that went on where another one had ended.") long count,
    @JsonPropertyDescription("Optimizer steps that were done again, over all of them.")
        long lostSteps) {}
