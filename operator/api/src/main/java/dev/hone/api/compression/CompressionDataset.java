package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.Columns;
import dev.hone.api.common.DataSource;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** The data that a compression is trained, calibrated and measured on. */
@ApiType
public record CompressionDataset(
    @JsonPropertyDescription("Data for steps that train: distill, prune, quantize with INT8QAT.")
        @Nullable DataSource train,
    @JsonPropertyDescription("Data that ranges of activations are taken from.")
        @Nullable DataSource calibration,
    @JsonPropertyDescription("Data that accuracy and latency are measured on.")
        @Nullable DataSource evaluation,
    @JsonPropertyDescription("Which columns mean what.") @Nullable Columns columns,
    @Min(1)
        @Max(1_000_000_000)
        @JsonPropertyDescription("Most rows taken of each part (default: all).")
        @Nullable Integer maxRows) {}
