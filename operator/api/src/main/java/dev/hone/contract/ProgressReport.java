package dev.hone.contract;

import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Where a run is. */
@ApiType
public record ProgressReport(
    String contractVersion,
    String hash,
    Phase phase,
    double percent,
    @Nullable Long step,
    @Nullable Long totalSteps,
    @Nullable Double epoch,
    @Nullable Double loss,
    @Nullable Double etaSeconds,
    @Nullable String message,
    String time) {}
