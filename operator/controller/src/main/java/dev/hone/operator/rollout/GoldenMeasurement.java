package dev.hone.operator.rollout;

import dev.hone.api.inference.ComparisonFigures;
import dev.hone.api.inference.RolloutFigures;
import java.util.Map;
import java.util.Optional;

/**
 * What a router found with a golden set; requests are counted from 1.
 *
 * @param digest the set's
 * @param requests how many there are in the set
 * @param done whether none of them is to come
 * @param compared requests that were answered, and compared
 * @param errors requests that the candidate failed
 * @param unlike compared answers with other outputs or shapes
 * @param notANumber compared answers with a value that is not a number where there should be one
 * @param firstFailure the first request that is one of these, as a sentence
 * @param undecided why the set tells nothing, as a sentence
 * @param outputs the differences by output
 */
public record GoldenMeasurement(
    String digest,
    int requests,
    boolean done,
    long compared,
    long errors,
    long unlike,
    long notANumber,
    Optional<String> firstFailure,
    Optional<String> undecided,
    Map<String, OutputDifference> outputs) {

  /**
   * How one output differs.
   *
   * @param rows rows whose top answer was compared
   * @param sameTop those of them with the right one
   * @param otherTopRequest the first request with another one
   * @param maxAbs greatest difference of a value
   * @param maxAbsRequest the request that has it
   * @param relativeL2 greatest relative norm of the difference
   * @param relativeL2Request the request that has it
   */
  public record OutputDifference(
      long rows,
      long sameTop,
      int otherTopRequest,
      double maxAbs,
      int maxAbsRequest,
      double relativeL2,
      int relativeL2Request) {}

  /** Whether there is something to decide by. */
  boolean tells() {
    return done && undecided.isEmpty();
  }

  /** Requests that were failed, whatever the tolerances. */
  long failed() {
    return errors + unlike + notANumber;
  }

  /** The figures for the status. */
  RolloutFigures figures() {
    return new RolloutFigures(
        null,
        null,
        new ComparisonFigures(
            compared,
            unlike,
            notANumber,
            outputs.values().stream().map(OutputDifference::maxAbs).reduce(Math::max).orElse(null),
            outputs.values().stream()
                .map(OutputDifference::relativeL2)
                .reduce(Math::max)
                .orElse(null),
            outputs.values().stream()
                .filter(output -> output.rows() > 0)
                .map(output -> Measurement.rounded(output.sameTop() / (double) output.rows()))
                .reduce(Math::min)
                .orElse(null)));
  }
}
