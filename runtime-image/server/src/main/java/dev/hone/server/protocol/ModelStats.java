package dev.hone.server.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a model version has done since it was loaded, as Triton's statistics extension says it.
 *
 * @param lastInference milliseconds since 1970, or 0
 * @param inferences rows inferred
 * @param executions runs of the model
 * @param requests how often and how long, by Triton's names: success, fail, queue and so on
 * @param batches the three parts of a run, by its rows
 */
public record ModelStats(
    String name,
    String version,
    long lastInference,
    long inferences,
    long executions,
    Map<String, Timing> requests,
    SortedMap<Integer, Map<String, Timing>> batches) {
  /** Copies the collections. */
  public ModelStats {
    requests = Collections.unmodifiableMap(new LinkedHashMap<>(requests));
    batches = Collections.unmodifiableSortedMap(new TreeMap<>(batches));
  }

  /**
   * How often, and how long altogether.
   *
   * @param nanos their sum in nanoseconds
   */
  public record Timing(long count, long nanos) {}
}
