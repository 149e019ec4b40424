package dev.hone.server.batching;

import java.util.Arrays;

/** How long runs take: a moving mean for each size of batch, by powers of two. */
final class ServiceTimes {
  private static final double UNKNOWN = -1;

  /** Follows a change within about ten runs, and forgets one that was held up as fast. */
  private static final double NEWEST = 0.2;

  private final double[] nanos = new double[Integer.SIZE];

  ServiceTimes() {
    Arrays.fill(nanos, UNKNOWN);
  }

  /** A run of that many rows took so long. */
  synchronized void ran(int rows, long took) {
    int size = size(rows);
    nanos[size] = nanos[size] == UNKNOWN ? took : nanos[size] + NEWEST * (took - nanos[size]);
  }

  /**
   * How many nanoseconds a run of that many rows will take. A size that has not run yet takes as
   * long as the next larger one, or in proportion to the next smaller one; 0 if nothing has run.
   */
  synchronized long estimate(int rows) {
    int size = size(rows);
    for (int larger = size; larger < nanos.length; larger++) {
      if (nanos[larger] != UNKNOWN) {
        return (long) nanos[larger];
      }
    }
    for (int smaller = size - 1; smaller >= 0; smaller--) {
      if (nanos[smaller] != UNKNOWN) {
        return (long) (nanos[smaller] * (1L << (size - smaller)));
      }
    }
    return 0;
  }

  private static int size(int rows) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(rows, 1) - 1);
  }
}
