package dev.hone.operator.rollout;

import dev.hone.api.inference.Tolerance;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one bound says of the candidate.
 *
 * @param answer whether it is kept
 * @param text the figure and the bound
 */
record Finding(SequentialTest.Answer answer, String text) {

  static Finding pass(String text) {
    return new Finding(SequentialTest.Answer.PASS, text);
  }

  static Finding fail(String text) {
    return new Finding(SequentialTest.Answer.FAIL, text);
  }

  /** Whether a figure is within its limit; nothing if there is none. */
  static Optional<Finding> atMost(String what, double figure, @Nullable Double limit) {
    if (limit == null) {
      return Optional.empty();
    }
    String text = what.formatted(Judge.number(figure)) + " (at most " + Judge.number(limit) + ")";
    return Optional.of(figure <= limit ? pass(text) : fail(text));
  }

  /** A tolerance that is about an output which no answer has. */
  static Finding noSuchOutput(Tolerance tolerance) {
    return fail(
        "no answer has the output %s of spec.rollout.parity.tolerances"
            .formatted(tolerance.output()));
  }

  static Finding open(String text) {
    return new Finding(SequentialTest.Answer.OPEN, text);
  }

  boolean is(SequentialTest.Answer wanted) {
    return answer == wanted;
  }
}
