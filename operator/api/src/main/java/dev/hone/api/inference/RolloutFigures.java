package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What was measured in a stage of a rollout. */
@ApiType
public record RolloutFigures(
    @JsonPropertyDescription("The version that is trusted.") @Nullable ArmFigures stable,
    @JsonPropertyDescription("The version on trial; in the stage Shadow, copies of requests.")
        @Nullable ArmFigures candidate,
    @JsonPropertyDescription("Answers of the two that were compared.")
        @Nullable ComparisonFigures comparisons) {}
