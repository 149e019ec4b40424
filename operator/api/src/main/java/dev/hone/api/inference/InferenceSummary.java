package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** The state as {@code kubectl get} shows it. */
@ApiType
public record InferenceSummary(
    @JsonPropertyDescription("For example 2/2.") @Nullable String ready,
    @JsonPropertyDescription("The first twelve digits of the served digest.")
        @Nullable String model) {}
