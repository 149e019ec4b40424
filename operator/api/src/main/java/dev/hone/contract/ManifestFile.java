package dev.hone.contract;

import dev.hone.api.ApiType;

/** A file of an artifact. */
@ApiType
public record ManifestFile(String path, long sizeBytes, String sha256) {}
