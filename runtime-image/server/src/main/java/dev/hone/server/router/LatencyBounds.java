package dev.hone.server.router;

import java.util.stream.DoubleStream;

/** The buckets that a latency is published in. */
final class LatencyBounds {

  /** The preferred numbers R20 of ISO 3: each is at most 15% above the last one. */
  private static final double[] R20 = {
    100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800,
    900
  };

  /** The first is 0.1 ms; a quotient of whole numbers is the number that one would write. */
  private static final double[] DECADES = {1, 10, 100, 1000, 10_000};

  private static final double DIVISOR = 1_000_000;
  private static final double FIRST = .0005;

  /**
   * Their upper ends in seconds: R20 from half a millisecond to ten seconds, and coarser ones up to
   * more than the longest that is counted.
   */
  static final double[] SECONDS =
      DoubleStream.concat(
              DoubleStream.of(DECADES)
                  .flatMap(decade -> DoubleStream.of(R20).map(number -> number * decade / DIVISOR))
                  .filter(bound -> bound >= FIRST),
              DoubleStream.of(10, 20, 50, 100, 200, 500, 1000, 2000, 5000))
          .toArray();

  private LatencyBounds() {}
}
