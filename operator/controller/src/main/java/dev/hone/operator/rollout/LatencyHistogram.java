package dev.hone.operator.rollout;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Latencies as the routers count them: the longest time of each bucket in microseconds, and how
 * many it holds.
 *
 * @param counts the buckets, by rising time
 */
public record LatencyHistogram(Map<Long, Long> counts) {

  /** Three standard deviations: one look in 700 goes wrong on either side. */
  private static final double DEVIATIONS = 3;

  private static final double MICROS_PER_MILLI = 1000;

  public LatencyHistogram {
    counts = new TreeMap<>(counts);
  }

  /** A histogram of nothing. */
  public static LatencyHistogram empty() {
    return new LatencyHistogram(Map.of());
  }

  /** The histogram of several routers. */
  static LatencyHistogram sum(List<LatencyHistogram> parts) {
    Map<Long, Long> sum = new TreeMap<>();
    parts.forEach(
        part -> part.counts().forEach((micros, count) -> sum.merge(micros, count, Long::sum)));
    return new LatencyHistogram(sum);
  }

  /** How many latencies it holds. */
  long size() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** A quantile in milliseconds; 0 if it holds nothing. */
  double quantile(double share) {
    return atRank(Math.max(1, Math.ceil(share * size())));
  }

  /** A bound that the true quantile is hardly below, in milliseconds. */
  double atLeast(double share) {
    return atRank(Math.max(1, Math.floor(share * size() - margin(share))));
  }

  /**
   * A bound that the true quantile is hardly above, in milliseconds; infinite if too few are known.
   */
  double atMost(double share) {
    double rank = Math.ceil(share * size() + margin(share)) + 1;
    return rank > size() ? Double.POSITIVE_INFINITY : atRank(rank);
  }

  /** Ranks that the true quantile may lie away from the observed one (normal approximation). */
  private double margin(double share) {
    return DEVIATIONS * Math.sqrt(size() * share * (1 - share));
  }

  private double atRank(double rank) {
    long seen = 0;
    long last = 0;
    for (Map.Entry<Long, Long> bucket : counts.entrySet()) {
      seen += bucket.getValue();
      last = bucket.getKey();
      if (seen >= rank) {
        break;
      }
    }
    return last / MICROS_PER_MILLI;
  }
}
