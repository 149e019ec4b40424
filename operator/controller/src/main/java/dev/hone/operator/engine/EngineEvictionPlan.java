package dev.hone.operator.engine;

import java.util.List;
import java.util.OptionalLong;

/**
 * Which engines go.
 *
 * @param evicted those that go now, the one that was needed longest ago first
 * @param nextMillis when the next one of those that stay reaches its age, in milliseconds from now
 */
record EngineEvictionPlan(List<Evicted> evicted, OptionalLong nextMillis) {

  EngineEvictionPlan {
    evicted = List.copyOf(evicted);
  }

  /** An engine that goes, and why. */
  record Evicted(String key, EvictionCause cause) {}
}
