package dev.hone.server.router;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Counts what a version did with the requests that it was given. */
final class ArmStatistics {
  private static final long MAX_MICROS = TimeUnit.HOURS.toMicros(1);

  /** Values are right to one in a hundred. */
  private static final int DIGITS = 2;

  private final LongAdder requests = new LongAdder();
  private final LongAdder errors = new LongAdder();
  private final ConcurrentHistogram latency = new ConcurrentHistogram(MAX_MICROS, DIGITS);

  private final AtomicInteger untimed;

  /**
   * Statistics of nothing.
   *
   * @param untimed how many of the first answers say nothing of how long answers take
   */
  ArmStatistics(int untimed) {
    this.untimed = new AtomicInteger(untimed);
  }

  /** Counts an answer; one that is an error says nothing of how long answers take. */
  void answered(long nanos, boolean error) {
    requests.increment();
    if (error) {
      errors.increment();
    } else if (untimed.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
      latency.recordValue(Math.clamp(TimeUnit.NANOSECONDS.toMicros(nanos), 1, MAX_MICROS));
    }
  }

  /** Counts a request that got no answer. */
  void unanswered() {
    requests.increment();
    errors.increment();
  }

  /** What was counted until now. */
  Snapshot snapshot() {
    Histogram copy = latency.copy();
    List<Bucket> buckets = new ArrayList<>();
    copy.recordedValues()
        .forEach(
            value ->
                buckets.add(
                    new Bucket(
                        value.getValueIteratedTo(), value.getCountAddedInThisIterationStep())));
    return new Snapshot(
        requests.sum(),
        errors.sum(),
        copy.getValueAtPercentile(50),
        copy.getValueAtPercentile(99),
        List.copyOf(buckets));
  }

  /**
   * A part of a histogram.
   *
   * @param micros the longest time that it holds, in microseconds
   * @param count how many
   */
  record Bucket(long micros, long count) {}

  /**
   * What was counted.
   *
   * @param requests requests that were given to the version
   * @param errors those of them that it failed
   * @param p50Micros median of the others that are timed, in microseconds
   * @param p99Micros their 99th percentile, in microseconds
   * @param latency their histogram, by rising time
   */
  record Snapshot(
      long requests, long errors, long p50Micros, long p99Micros, List<Bucket> latency) {}
}
