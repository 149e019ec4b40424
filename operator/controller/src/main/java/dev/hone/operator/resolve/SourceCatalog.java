package dev.hone.operator.resolve;

import dev.hone.api.common.SourceReference;
import java.util.Optional;

/** The sources of one namespace. */
@FunctionalInterface
public interface SourceCatalog {

  /** The source that a reference names, if it exists. */
  Optional<Source> find(SourceReference reference);
}
