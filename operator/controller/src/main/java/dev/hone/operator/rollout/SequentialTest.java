package dev.hone.operator.rollout;

/**
 * Wald's sequential probability ratio test of a share of failures. It may be looked at after every
 * request without losing its error rates, which an interval of a fixed size may not.
 *
 * <p>The null hypothesis is the share that is allowed, the alternative three times that (half-way
 * to 1 at most). A version at the allowed share is refused in one of 1000 tests, one at three times
 * that share passes in one of 100. Source: A. Wald, Sequential Tests of Statistical Hypotheses
 * (1945).
 */
final class SequentialTest {
  private static final double REFUSES_GOOD = 0.001;
  private static final double PASSES_BAD = 0.01;
  private static final double TIMES = 3;

  /** What the test says. */
  enum Answer {
    PASS,
    FAIL,
    OPEN
  }

  private SequentialTest() {}

  /**
   * The test's answer.
   *
   * @param failures observed failures
   * @param trials observed trials
   * @param allowed share of failures that is allowed; 0 allows none, and then trials alone never
   *     fail it
   */
  static Answer of(long failures, long trials, double allowed) {
    if (trials <= 0) {
      return Answer.OPEN;
    }
    if (allowed <= 0) {
      return failures > 0 ? Answer.FAIL : Answer.PASS;
    }
    if (allowed >= 1) {
      return Answer.PASS;
    }
    double alternative = Math.min(TIMES * allowed, (1 + allowed) / 2);
    double ratio =
        failures * Math.log(alternative / allowed)
            + (trials - failures) * Math.log((1 - alternative) / (1 - allowed));
    if (ratio >= Math.log((1 - PASSES_BAD) / REFUSES_GOOD)) {
      return Answer.FAIL;
    }
    return ratio <= Math.log(PASSES_BAD / (1 - REFUSES_GOOD)) ? Answer.PASS : Answer.OPEN;
  }
}
