package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Progress as {@code kubectl get} shows it. */
@ApiType
public record ProgressSummary(
    @JsonPropertyDescription("For example 42%.") @Nullable String percent,
    @JsonPropertyDescription("For example 120/240.") @Nullable String step,
    @JsonPropertyDescription("For example 0.1234.") @Nullable String loss,
    @JsonPropertyDescription("For example 1m38s.") @Nullable String eta) {}
