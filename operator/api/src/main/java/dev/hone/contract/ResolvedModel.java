package dev.hone.contract;

import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** A model whose {@code from} has become an address and a digest. */
@ApiType
public record ResolvedModel(String uri, @Nullable String revision, @Nullable String digest) {}
