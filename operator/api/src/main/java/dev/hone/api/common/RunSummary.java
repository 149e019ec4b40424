package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Results as {@code kubectl get} shows them. */
@ApiType
public record RunSummary(
    @JsonPropertyDescription("For example 96.8%.") @Nullable String accuracy,
    @JsonPropertyDescription("For example 22.9 MiB.") @Nullable String size,
    @JsonPropertyDescription("Percentage points lost, for example 0.2.")
        @Nullable String accuracyDrop,
    @JsonPropertyDescription("For example 1.96x.") @Nullable String speedup,
    @JsonPropertyDescription("For example 0.25.") @Nullable String sizeRatio) {}
