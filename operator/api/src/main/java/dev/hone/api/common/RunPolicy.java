package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** When a run may go on; may change at any time. */
@ApiType
public record RunPolicy(
    @JsonPropertyDescription("Holds the run without losing its checkpoint (default: false).")
        @Nullable Boolean suspend,
    @JsonPropertyDescription(
            "Ends the run for good: its Job is deleted and nothing is started again, until this is"
                + " taken back together with another spec.rerun (default: false). A run that has"
                + " ended stays as it is.")
        @Nullable Boolean cancel,
    @Min(0)
        @Max(100)
        @JsonPropertyDescription("Failed pods before the run counts as failed (default: 3).")
        @Nullable Integer backoffLimit,
    @Min(1)
        @Max(31_536_000)
        @JsonPropertyDescription("Longest time that the run may take (default: no limit).")
        @Nullable Long activeDeadlineSeconds,
    @Min(1)
        @Max(31_536_000)
        @JsonPropertyDescription(
            "Longest time that a pod may wait to start, from when its Job may make it; then the run"
                + " has failed and its Job is deleted (default: no limit). The time in a queue does"
                + " not count.")
        @Nullable Long pendingDeadlineSeconds,
    @Min(0)
        @Max(31_536_000)
        @JsonPropertyDescription(
            "Time after which the finished Job and its pods are removed; the resource and its"
                + " artifact stay (default: never).")
        @Nullable Integer ttlSecondsAfterFinished) {}
