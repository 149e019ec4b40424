package dev.hone.operator.rollout;

import java.util.Optional;

/**
 * What is known of a rollout's parts.
 *
 * @param stableReady whether every pod of the stable version is ready
 * @param candidateReady whether every pod of the candidate is ready
 * @param candidateFailure why the candidate's pods will not get ready, as a sentence
 * @param waiting what the candidate's pods wait for, as a sentence
 * @param measurement what the routers counted in this stage; empty while none of them tells
 */
public record RolloutFacts(
    boolean stableReady,
    boolean candidateReady,
    Optional<String> candidateFailure,
    Optional<String> waiting,
    Optional<Measurement> measurement) {

  /** Nothing is known. */
  public static RolloutFacts none() {
    return new RolloutFacts(false, false, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
