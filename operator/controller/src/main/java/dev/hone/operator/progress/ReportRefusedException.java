package dev.hone.operator.progress;

/** A report that is not taken; the message is one sentence for the reporter. */
public final class ReportRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Refusal reason;
  private final String sentence;

  /** Refuses a report with a sentence that says what to do. */
  public ReportRefusedException(Refusal reason, String message) {
    // Refusals are answers, not errors: nobody looks at their stack.
    super(message, null, false, false);
    this.reason = reason;
    this.sentence = message;
  }

  /** The sentence for the reporter. */
  public String sentence() {
    return sentence;
  }

  /** Why the report is not taken. */
  public Refusal reason() {
    return reason;
  }
}
