package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** The shapes that an engine is built for, by the axes that its inputs leave open. */
@ApiType
public record ShapeProfile(
    @Required @JsonPropertyDescription("Rows of a run.") ShapeRange batch,
    @JsonPropertyDescription(
            "Length of the inputs, for models that take token ids (default: 1 to the longest that"
                + " the model takes).")
        @Nullable ShapeRange sequenceLength) {}
