package dev.hone.operator.run;

import dev.hone.api.Reason;

/**
 * Whether a result is let through.
 *
 * @param answer whether it is
 * @param reason reason of the condition Accepted
 * @param message its message
 */
public record Verdict(Answer answer, Reason reason, String message) {

  /** Whether a result is let through, as a condition has it. */
  public enum Answer {
    ACCEPTED,
    REJECTED,
    /** It cannot be told by what was measured. */
    UNKNOWN
  }

  /** Whether the result is let through. */
  public boolean accepted() {
    return answer == Answer.ACCEPTED;
  }
}
