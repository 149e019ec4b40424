package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** An engine that was built. */
@ApiType
public record EngineArtifact(
    @JsonPropertyDescription("Address of its folder.") String uri,
    @JsonPropertyDescription("Digest of its manifest.") String digest,
    @JsonPropertyDescription("Bytes of its files.") @Nullable Long sizeBytes,
    @JsonPropertyDescription("Seconds that its building took.") @Nullable Double buildSeconds) {}
