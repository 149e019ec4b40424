package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** An OpenVINO model. */
@ApiType
public record OpenVinoExport(
    @JsonPropertyDescription("Stores weights in FP16 (default: false).")
        @Nullable Boolean compressToFP16) {}
