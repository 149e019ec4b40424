package dev.hone.operator.rollout;

import java.util.Optional;

/**
 * What is known of a rollout's parts.
 *
 * @param stableReady whether every pod of the stable version is ready
 * @param candidateReady whether every pod of the candidate is ready
 * @param candidateFailure why the candidate's pods will not get ready, as a sentence
 * @param waiting what the candidate's pods wait for, as a sentence
 * @param noRoom what the nodes have too little of for another pod of the candidate, as words
 * @param golden what is known of the golden set, in its stage
 * @param figures what is told of this stage's figures
 */
public record RolloutFacts(
    boolean stableReady,
    boolean candidateReady,
    Optional<String> candidateFailure,
    Optional<String> waiting,
    Optional<String> noRoom,
    Optional<GoldenSetFacts> golden,
    StageFigures figures) {

  /** What is known where there is no candidate. */
  public static RolloutFacts ofStable(boolean ready) {
    return new RolloutFacts(
        ready,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        StageFigures.none("there is no candidate"));
  }
}
