package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Why a run ended without an artifact. */
@ApiType
public record RunFailure(
    @JsonPropertyDescription("Reason in one word, for programs.") String reason,
    @JsonPropertyDescription("A sentence that says what to write or do instead.") String message,
    @JsonPropertyDescription("Exit code of the container.") @Nullable Integer exitCode) {}
