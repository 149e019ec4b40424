package dev.hone.server.router;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the requests of a golden set show of a candidate; requests are counted from 1. */
final class GoldenStatistics {
  private final String digest;
  private final int requests;
  private final Map<String, OutputSnapshot> outputs = new LinkedHashMap<>();
  private boolean done;
  private long compared;
  private long errors;
  private long unlike;
  private long nan;
  private @Nullable String firstFailure;
  private @Nullable String undecided;

  GoldenStatistics(String digest, int requests) {
    this.digest = digest;
    this.requests = requests;
  }

  /** Whether the same set need not be sent again: it is on its way, or has told something. */
  synchronized boolean stands(String otherDigest) {
    return digest.equals(otherDigest) && undecided == null;
  }

  /** Counts a request that the candidate failed. */
  synchronized void fail(int number, String sentence) {
    errors++;
    failure(number, sentence);
  }

  /** Ends with a sentence about what keeps the set from telling anything. */
  synchronized void undecided(int number, String sentence) {
    undecided = "request %d: %s".formatted(number, sentence);
    done = true;
  }

  synchronized void finish() {
    done = true;
  }

  /** Adds the comparison of a request's answer. */
  synchronized void add(int number, Comparison comparison) {
    compared++;
    if (comparison.unlike().isPresent()) {
      unlike++;
      failure(number, comparison.unlike().get());
      return;
    }
    if (comparison.nan()) {
      nan++;
      comparison.outputs().entrySet().stream()
          .filter(output -> output.getValue().nan())
          .findFirst()
          .ifPresent(
              output -> failure(number, output.getKey() + " holds a value that is not a number"));
    }
    comparison
        .outputs()
        .forEach(
            (name, difference) ->
                outputs.merge(name, OutputSnapshot.of(number, difference), OutputSnapshot::plus));
  }

  private void failure(int number, String sentence) {
    if (firstFailure == null) {
      firstFailure = "request %d: %s".formatted(number, sentence);
    }
  }

  synchronized Snapshot snapshot() {
    return new Snapshot(
        digest,
        requests,
        done,
        compared,
        errors,
        unlike,
        nan,
        firstFailure,
        undecided,
        new LinkedHashMap<>(outputs));
  }

  /**
   * What was found until now.
   *
   * @param digest the set's
   * @param requests how many there are in the set
   * @param done whether none of them is to come
   * @param compared requests that were answered, and compared
   * @param errors requests that the candidate failed
   * @param unlike compared answers with other outputs or shapes
   * @param nan compared answers with a value that is not a number where there should be one
   * @param firstFailure the first of the errors, the unlike and those with such a value, as a
   *     sentence with the request's number
   * @param undecided why the set tells nothing, such as a stable version or reference that gives no
   *     answer
   * @param outputs the differences by output
   */
  record Snapshot(
      String digest,
      int requests,
      boolean done,
      long compared,
      long errors,
      long unlike,
      long nan,
      @Nullable String firstFailure,
      @Nullable String undecided,
      Map<String, OutputSnapshot> outputs) {}

  /**
   * The differences of one output; what is not finite is written as the greatest number.
   *
   * @param rows rows whose top answer was compared
   * @param sameTop those of them with the right top answer
   * @param otherTopRequest the first request with another one; null if there is none
   * @param maxAbs greatest difference of one value in any answer
   * @param maxAbsRequest the request that has it
   * @param maxRelativeL2 greatest relative norm of the difference of any answer
   * @param maxRelativeL2Request the request that has it
   */
  record OutputSnapshot(
      long rows,
      long sameTop,
      @Nullable Integer otherTopRequest,
      double maxAbs,
      int maxAbsRequest,
      double maxRelativeL2,
      int maxRelativeL2Request) {

    static OutputSnapshot of(int number, Comparison.Difference difference) {
      return new OutputSnapshot(
          difference.rows(),
          difference.sameTop(),
          difference.sameTop() < difference.rows() ? number : null,
          ComparisonStatistics.finite(difference.maxAbs()),
          number,
          ComparisonStatistics.finite(difference.relativeL2()),
          number);
    }

    OutputSnapshot plus(OutputSnapshot later) {
      boolean further = later.maxAbs > maxAbs;
      boolean furtherNorm = later.maxRelativeL2 > maxRelativeL2;
      return new OutputSnapshot(
          rows + later.rows,
          sameTop + later.sameTop,
          Optional.ofNullable(otherTopRequest).orElse(later.otherTopRequest),
          further ? later.maxAbs : maxAbs,
          further ? later.maxAbsRequest : maxAbsRequest,
          furtherNorm ? later.maxRelativeL2 : maxRelativeL2,
          furtherNorm ? later.maxRelativeL2Request : maxRelativeL2Request);
    }
  }
}
