package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;

/** The sizes that an axis of an engine's inputs may have. */
@ApiType
public record ShapeRange(
    @Required @Min(1) @Max(131072) @JsonPropertyDescription("The smallest size.") int min,
    @Required
        @Min(1)
        @Max(131072)
        @JsonPropertyDescription("The size that the engine is tuned for.")
        int opt,
    @Required @Min(1) @Max(131072) @JsonPropertyDescription("The largest size.") int max) {}
