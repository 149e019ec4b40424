package dev.hone.operator.inference;

import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.Measurement;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/** Talks to a router's administration port. */
public interface RouterClient {

  /** Sends a configuration; whether the router has taken it. */
  boolean configure(Pod router, String token, String routing);

  /** Sends a golden set; why the router does not take it, as a sentence, or empty if it does. */
  Optional<String> check(Pod router, String token, String goldenSet);

  /** What a golden set showed under a revision; empty if the router has none, or no answer. */
  Optional<GoldenMeasurement> golden(Pod router, String revision);

  /** What the router counted under a revision; empty if it gives no answer, or has another one. */
  Optional<Measurement> measurement(Pod router, String revision);
}
