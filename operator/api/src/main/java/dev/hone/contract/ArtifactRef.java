package dev.hone.contract;

import dev.hone.api.ApiType;

/** An artifact that a run made. */
@ApiType
public record ArtifactRef(String uri, String digest, long sizeBytes) {}
