package dev.hone.operator.rollout;

import dev.hone.api.inference.GoldenSetStatus;
import java.util.Optional;

/**
 * What is known of a golden set.
 *
 * @param set the set; empty if there is none that can be sent
 * @param waiting why it tells nothing yet, as a sentence
 * @param measurement what a router found with it
 */
public record GoldenSetFacts(
    Optional<GoldenSetStatus> set,
    Optional<String> waiting,
    Optional<GoldenMeasurement> measurement) {

  /** Nothing is known. */
  static GoldenSetFacts none() {
    return new GoldenSetFacts(Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** There is no set that can be sent. */
  public static GoldenSetFacts waits(String sentence) {
    return new GoldenSetFacts(Optional.empty(), Optional.of(sentence), Optional.empty());
  }
}
