package dev.hone.operator.rollout;

import java.time.Instant;
import java.util.Optional;

/**
 * What is told of a stage's figures.
 *
 * @param measurement what the routers counted in the stage; empty if nobody tells
 * @param until the time that the figures reach to at least
 * @param lacking what is missing of them, as a sentence: without it a failure is sure all the same,
 *     but nothing passes
 */
public record StageFigures(
    Optional<Measurement> measurement, Instant until, Optional<String> lacking) {

  public StageFigures {
    if (measurement.isEmpty() && lacking.isEmpty()) {
      throw new IllegalArgumentException("say why there is no measurement");
    }
  }

  /** Figures that nothing is missing of. */
  public static StageFigures of(Measurement measurement, Instant until) {
    return new StageFigures(Optional.of(measurement), until, Optional.empty());
  }

  /** None at all, and why. */
  public static StageFigures none(String why) {
    return new StageFigures(Optional.empty(), Instant.EPOCH, Optional.of(why));
  }
}
