package dev.hone.operator.progress.write;

import java.time.Duration;

/**
 * A token bucket that holds one token: writes are spread evenly, so that no second ever sees more
 * of them than the rate. Not safe for use by several threads.
 */
final class WriteBudget {
  private final long nanosPerWrite;
  private long nextFree = Long.MIN_VALUE;

  WriteBudget(double writesPerSecond) {
    if (!(writesPerSecond > 0)) {
      throw new IllegalArgumentException(
          "HONE_STATUS_WRITES_PER_SECOND must be greater than 0, for example 20");
    }
    this.nanosPerWrite = (long) Math.ceil(Duration.ofSeconds(1).toNanos() / writesPerSecond);
  }

  /** How long to wait before {@link #take} is allowed; 0 if it is allowed now. */
  long nanosUntilFree(long now) {
    return nextFree == Long.MIN_VALUE ? 0 : Math.max(0, nextFree - now);
  }

  /** Uses up one write. */
  void take(long now) {
    nextFree = now + nanosPerWrite;
  }
}
