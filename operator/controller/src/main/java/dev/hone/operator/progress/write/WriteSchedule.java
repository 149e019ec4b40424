package dev.hone.operator.progress.write;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which value is written next. Only the newest value of each key waits; keys take turns in the
 * order in which they began to wait. Not safe for use by several threads.
 *
 * @param <K> what is written to
 * @param <V> what is written
 */
final class WriteSchedule<K, V> {
  private final WriteBudget budget;
  private final int capacity;
  private final LinkedHashMap<K, V> waiting = new LinkedHashMap<>();

  WriteSchedule(WriteBudget budget, int capacity) {
    this.budget = budget;
    this.capacity = capacity;
  }

  /** What to do now. */
  sealed interface Next<K, V> {}

  /** Write this; the budget is used up. */
  record Write<K, V>(K key, V value) implements Next<K, V> {}

  /** Nothing may be written for so long. */
  record Wait<K, V>(long nanos) implements Next<K, V> {}

  /** There is nothing to write. */
  record Idle<K, V>() implements Next<K, V> {}

  /** Takes a value instead of the one that waits; false if there is no room for another key. */
  boolean offer(K key, V value) {
    if (!waiting.containsKey(key) && waiting.size() >= capacity) {
      return false;
    }
    // A key that waits already keeps its turn: put does not change the order of insertion.
    waiting.put(key, value);
    return true;
  }

  /** Takes back a value that could not be written, unless there is a newer one. */
  void restore(K key, V value) {
    if (waiting.size() < capacity) {
      waiting.putIfAbsent(key, value);
    }
  }

  Next<K, V> next(long now) {
    if (waiting.isEmpty()) {
      return new Idle<>();
    }
    long nanos = budget.nanosUntilFree(now);
    if (nanos > 0) {
      return new Wait<>(nanos);
    }
    budget.take(now);
    Map.Entry<K, V> first = waiting.pollFirstEntry();
    return new Write<>(first.getKey(), first.getValue());
  }

  int size() {
    return waiting.size();
  }
}
