package dev.hone.contract;

import dev.hone.api.ApiType;
import dev.hone.api.common.SecretReference;
import org.jspecify.annotations.Nullable;

/** A model whose {@code from} has become an address and a digest. */
@ApiType
public record ResolvedModel(
    String uri,
    @Nullable String revision,
    @Nullable String digest,
    @Nullable SecretReference secretRef) {

  /** A model that is read without a Secret. */
  public ResolvedModel(String uri, @Nullable String revision, @Nullable String digest) {
    this(uri, revision, digest, null);
  }
}
