package dev.hone.server.metrics;

import java.util.concurrent.atomic.LongAdder;

/**
 * How often something was done, and for how long altogether.
 *
 * @param nanos their sum, in nanoseconds
 */
public record Total(long count, long nanos) {

  /** The sum in microseconds, as Triton's metrics have it. */
  public long micros() {
    return nanos / 1_000;
  }

  /** Adds up, for any number of threads. */
  static final class Adder {
    private final LongAdder count = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    void add(long took) {
      count.increment();
      nanos.add(took);
    }

    Total total() {
      return new Total(count.sum(), nanos.sum());
    }
  }
}
