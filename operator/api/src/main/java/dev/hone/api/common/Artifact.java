package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What a run made. */
@ApiType
public record Artifact(
    @JsonPropertyDescription("Address of the artifact.") String uri,
    @JsonPropertyDescription("Digest of the artifact's manifest.") String digest,
    @JsonPropertyDescription("Bytes of all files.") @Nullable Long sizeBytes,
    @JsonPropertyDescription("Whether the artifact was there already, so that nothing was run.")
        @Nullable Boolean reused) {}
