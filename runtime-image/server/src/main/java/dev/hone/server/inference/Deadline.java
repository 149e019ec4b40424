package dev.hone.server.inference;

import java.time.Duration;

/** When an answer comes too late to be of use. */
public final class Deadline {
  /** There is none. */
  public static final Deadline NONE = new Deadline(0, false);

  private final long nanoTime;
  private final boolean limited;

  private Deadline(long nanoTime, boolean limited) {
    this.nanoTime = nanoTime;
    this.limited = limited;
  }

  /** A deadline so long from now; it has passed at once if that is zero or less. */
  public static Deadline after(Duration duration) {
    return at(System.nanoTime(), duration);
  }

  /** A deadline so long after a reading of {@link System#nanoTime()}. */
  public static Deadline at(long nanoTime, Duration duration) {
    // Beyond half of its range the clock's comparison would turn around.
    long nanos =
        duration.compareTo(Duration.ofNanos(Long.MAX_VALUE / 2)) > 0
            ? Long.MAX_VALUE / 2
            : duration.toNanos();
    return new Deadline(nanoTime + nanos, true);
  }

  /** Whether it has passed at that reading of {@link System#nanoTime()}. */
  public boolean passedAt(long now) {
    return limited && now - nanoTime >= 0;
  }

  /** How many nanoseconds are left at that reading, or {@link Long#MAX_VALUE} without a limit. */
  public long leftAt(long now) {
    return limited ? nanoTime - now : Long.MAX_VALUE;
  }
}
