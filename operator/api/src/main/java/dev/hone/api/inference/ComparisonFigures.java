package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** How the answers of two versions differ. */
@ApiType
public record ComparisonFigures(
    @JsonPropertyDescription("Requests whose two answers were compared.") @Nullable Long samples,
    @JsonPropertyDescription("Those of them whose answers have other outputs or shapes.")
        @Nullable Long unlike,
    @JsonPropertyDescription("Those of them with a value that is not a number.")
        @Nullable Long notANumber,
    @JsonPropertyDescription("Greatest difference of a value, of any output.")
        @Nullable Double maxAbs,
    @JsonPropertyDescription("Greatest relative norm of the difference, of any output.")
        @Nullable Double relativeL2,
    @JsonPropertyDescription("Least share of rows with the same top answer, of any output.")
        @Nullable Double top1Agreement) {}
