package dev.hone.operator.rollout;

import dev.hone.api.inference.RolloutFigures;
import java.util.LinkedHashMap;
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
   * @param difference how, over all requests
   * @param otherTopRequest the first request with another top answer
   * @param maxAbsRequest the request with the greatest difference of a value
   * @param relativeL2Request the request with the greatest relative norm of the difference
   */
  public record OutputDifference(
      Measurement.OutputDifference difference,
      int otherTopRequest,
      int maxAbsRequest,
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
    Map<String, Measurement.OutputDifference> differences = new LinkedHashMap<>();
    outputs.forEach((name, output) -> differences.put(name, output.difference()));
    return new RolloutFigures(
        null,
        null,
        new Measurement.Comparisons(compared, unlike, notANumber, Optional.empty(), differences)
            .figures());
  }
}
