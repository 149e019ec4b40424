package dev.hone.operator.inference;

import dev.hone.operator.rollout.Measurement;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/** Talks to a router's administration port. */
public interface RouterClient {

  /** Sends a configuration; whether the router has taken it. */
  boolean configure(Pod router, String token, String routing);

  /** What the router counted under a revision; empty if it gives no answer, or has another one. */
  Optional<Measurement> measurement(Pod router, String revision);
}
