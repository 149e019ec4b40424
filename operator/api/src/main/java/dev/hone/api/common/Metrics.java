package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What was measured before and after a run. */
@ApiType
public record Metrics(
    @JsonPropertyDescription("The model that the run started from.") @Nullable Measurement before,
    @JsonPropertyDescription("The model that the run made.") @Nullable Measurement after,
    @JsonPropertyDescription("After compared with before.") @Nullable Comparison comparison) {}
