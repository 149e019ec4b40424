package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** The golden set that the newest version on trial was given. */
@ApiType
public record GoldenSetStatus(
    @JsonPropertyDescription("Digest of its text (sha256:…).") String digest,
    @JsonPropertyDescription("Requests in it.") Integer requests,
    @JsonPropertyDescription("Those of them whose right answer is recorded in it.")
        Integer recorded,
    @JsonPropertyDescription(
            "The model whose answers to the others are right; none for the stable version.")
        @Nullable ServedModel reference) {}
