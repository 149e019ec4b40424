package dev.hone.server.batching;

import java.util.List;
import java.util.Map;

/**
 * How requests of different lengths share a run.
 *
 * @param fill what fills each input beyond a request's own length; empty where filled rows would
 *     change the answer, so that only equal lengths share a run
 * @param lengths the lengths that runs have, rising; empty means as long as the longest request.
 *     What is longer than all of them runs at its own length
 */
public record Padding(Map<String, Long> fill, List<Integer> lengths) {
  /** Only equal lengths share a run. */
  public static final Padding NONE = new Padding(Map.of(), List.of());

  private static final int SMALLEST_BUCKET = 16;

  /** Copies the collections and sorts the lengths. */
  public Padding {
    fill = Map.copyOf(fill);
    lengths = lengths.stream().sorted().distinct().toList();
  }

  /** Whether requests may be filled up. */
  public boolean allowed() {
    return !fill.isEmpty();
  }

  /**
   * Requests of one bucket may share a run: the next of the lengths, or else the next power of two,
   * so that one long text cannot make fifteen short ones as slow as itself.
   */
  public int bucket(int length) {
    int target = target(length);
    if (target > 0) {
      return target;
    }
    int bucket = SMALLEST_BUCKET;
    while (bucket < length) {
      bucket *= 2;
    }
    return bucket;
  }

  /** The length that a request's run has at least; 0 where the requests decide. */
  public int target(int length) {
    return lengths.stream().filter(candidate -> candidate >= length).findFirst().orElse(0);
  }
}
