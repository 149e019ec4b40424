package dev.hone.operator.inference;

import dev.hone.operator.desired.Owner;
import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.Measurement;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/** Talks to the control port of a resource's routers. */
public interface RouterClient {

  /** Sends a configuration; whether the router has taken it. */
  boolean configure(Owner owner, Pod router, String routing);

  /** Sends a golden set; why the router does not take it, as a sentence, or empty if it does. */
  Optional<String> check(Owner owner, Pod router, String goldenSet);

  /** What a golden set showed under a revision; empty if the router has none, or no answer. */
  Optional<GoldenMeasurement> golden(Owner owner, Pod router, String revision);

  /** What the router counted under a revision; empty if it gives no answer, or has another one. */
  Optional<Measurement> measurement(Owner owner, Pod router, String revision);
}
