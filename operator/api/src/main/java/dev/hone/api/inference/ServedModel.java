package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** A model as it was resolved. */
@ApiType
public record ServedModel(
    @JsonPropertyDescription("Address of the artifact.") String uri,
    @JsonPropertyDescription("Its digest, where it is known.") @Nullable String digest,
    @JsonPropertyDescription("The resource that made it, for example CompressionJob spam-int8.")
        @Nullable String source) {}
