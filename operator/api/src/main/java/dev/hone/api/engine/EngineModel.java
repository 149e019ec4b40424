package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.Cel;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** The model that an engine is built of. */
@ApiType
public record EngineModel(
    @Required
        @Size(min = 1, max = 1024)
        @JsonPropertyDescription(
            "Address of the artifact; its engines stand beside it. Not part of the key.")
        String uri,
    @Required
        @Size(max = 71)
        @Pattern(Cel.DIGEST)
        @JsonPropertyDescription("Digest of the artifact.")
        String digest) {}
