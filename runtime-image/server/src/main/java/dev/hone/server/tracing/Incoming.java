package dev.hone.server.tracing;

import org.jspecify.annotations.Nullable;

/** The headers of a request, which may name the trace that it belongs to. */
@FunctionalInterface
public interface Incoming {
  /** The header of that name, which is in lower case; null if there is none. */
  @Nullable String header(String name);
}
