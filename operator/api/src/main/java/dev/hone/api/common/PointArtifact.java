package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;

/** The artifact of one point of a search. */
@ApiType
public record PointArtifact(
    @JsonPropertyDescription("Address of the artifact.") String uri,
    @JsonPropertyDescription("Digest of the artifact's manifest.") String digest,
    @JsonPropertyDescription("Bytes of all files.") long sizeBytes) {}
