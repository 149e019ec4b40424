package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** How long one prediction takes, in milliseconds. */
@ApiType
public record Latency(
    @JsonPropertyDescription("Median.") double p50,
    @JsonPropertyDescription("99th percentile.") @Nullable Double p99,
    @JsonPropertyDescription("Samples per request.") @Nullable Integer batchSize,
    @JsonPropertyDescription("Threads used.") @Nullable Integer threads,
    @JsonPropertyDescription("Requests measured.") @Nullable Integer samples,
    @JsonPropertyDescription("Device that was measured.") @Nullable String device) {}
