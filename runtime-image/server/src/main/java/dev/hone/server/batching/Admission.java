package dev.hone.server.batching;

/**
 * Whether a request may wait.
 *
 * @param predictedNanos how long it would have to
 */
record Admission(Verdict verdict, long predictedNanos) {
  /** What becomes of it. */
  enum Verdict {
    /** It waits. */
    ADMITTED,
    /** As many wait as the queue holds. */
    FULL,
    /** It would wait longer than is allowed. */
    TOO_LONG,
    /** It would wait beyond its deadline. */
    TOO_LATE,
    /** Nothing is taken any more. */
    CLOSED
  }

  boolean admitted() {
    return verdict == Verdict.ADMITTED;
  }
}
