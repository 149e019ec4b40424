package dev.hone.server.tracing;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** One request's times of day: all by one reading of the clock, so that they fit together. */
final class Times {
  private final long begun;
  private final long nanoTime = System.nanoTime();

  Times() {
    Instant now = Instant.now();
    begun = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
  }

  /** When it came, in nanoseconds since 1970. */
  long begun() {
    return begun;
  }

  /** When that reading of {@link System#nanoTime()} was, in nanoseconds since 1970. */
  long at(long reading) {
    return begun + (reading - nanoTime);
  }

  /** Now, in nanoseconds since 1970. */
  long now() {
    return at(System.nanoTime());
  }
}
