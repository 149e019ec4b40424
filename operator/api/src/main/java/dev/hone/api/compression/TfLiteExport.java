package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** A LiteRT file with fixed shapes. */
@ApiType
public record TfLiteExport(
    @Min(1) @Max(4096) @JsonPropertyDescription("Batch that the file is made for (default: 1).")
        @Nullable Integer batchSize) {}
