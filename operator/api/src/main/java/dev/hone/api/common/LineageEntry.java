package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;

/** Something that an artifact was made of. */
@ApiType
public record LineageEntry(
    @JsonPropertyDescription(
            "What it was: Model, TrainData, EvaluationData, CalibrationData or Teacher.")
        String role,
    @JsonPropertyDescription("Its address.") String uri,
    @JsonPropertyDescription("Its digest.") String digest) {}
