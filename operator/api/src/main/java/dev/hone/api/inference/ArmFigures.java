package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What was measured of one version in a stage of a rollout. */
@ApiType
public record ArmFigures(
    @JsonPropertyDescription("Requests that it was given.") @Nullable Long requests,
    @JsonPropertyDescription("Those of them that it failed.") @Nullable Long errors,
    @JsonPropertyDescription("Median latency in milliseconds.") @Nullable Double p50Millis,
    @JsonPropertyDescription("99th percentile of the latency in milliseconds.")
        @Nullable Double p99Millis) {}
