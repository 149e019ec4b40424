package dev.hone.operator.rollout;

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

  static Finding open(String text) {
    return new Finding(SequentialTest.Answer.OPEN, text);
  }

  boolean is(SequentialTest.Answer wanted) {
    return answer == wanted;
  }
}
