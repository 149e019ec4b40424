package dev.hone.operator.engine;

import java.util.OptionalLong;

/**
 * How long an engine stays that no deployment needs.
 *
 * @param maxAgeSeconds the most seconds since it was last needed; empty for ever
 * @param maxBytes the most bytes of all that are unused on one claim; empty for any number
 */
public record UnusedPolicy(OptionalLong maxAgeSeconds, OptionalLong maxBytes) {

  /** Keeps them all. */
  public static final UnusedPolicy KEEP =
      new UnusedPolicy(OptionalLong.empty(), OptionalLong.empty());
}
