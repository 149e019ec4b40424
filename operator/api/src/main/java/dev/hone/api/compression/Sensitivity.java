package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** How layers that lose too much are found, to be left as they are. */
@ApiType
public record Sensitivity(
    @Min(value = 0, inclusive = false)
        @Max(10)
        @JsonPropertyDescription(
            "How much the answers may change before layers are left out: the norm of the change, divided by that of what"
                + " tells the rows apart (default: 0.1).")
        @Nullable Double maxError,
    @Min(0)
        @Max(1000)
        @JsonPropertyDescription(
            "How many layers may be left out; 0 leaves out none (default: one in ten).")
        @Nullable Integer maxLayers) {}
