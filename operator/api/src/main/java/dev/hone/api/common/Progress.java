package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Where a run is, as its pod last said. */
@ApiType
public record Progress(
    @JsonPropertyDescription("What the run does now.") @Nullable String phase,
    @JsonPropertyDescription("How much of the whole run is done, from 0 to 100.")
        @Nullable Double percent,
    @JsonPropertyDescription("Optimizer steps done.") @Nullable Long step,
    @JsonPropertyDescription("Optimizer steps in all.") @Nullable Long totalSteps,
    @JsonPropertyDescription("Passes over the data done.") @Nullable Double epoch,
    @JsonPropertyDescription("Training loss of the last steps.") @Nullable Double loss,
    @JsonPropertyDescription("Estimated time until the run ends.") @Nullable Double etaSeconds,
    @JsonPropertyDescription("More about what the run does now.") @Nullable String message,
    @JsonPropertyDescription("When the pod said so.") @Nullable String time,
    @JsonPropertyDescription("The same, rounded for people.") @Nullable ProgressSummary summary) {}
