package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.rollout.SequentialTest.Answer;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SequentialPropertyTest {

  @Property
  void moreFailuresNeverHelp(
      @ForAll @IntRange(min = 1, max = 10_000) int trials,
      @ForAll @IntRange(min = 0, max = 10_000) int failures,
      @ForAll @DoubleRange(min = 0, max = 1) double allowed) {
    int some = Math.min(failures, trials - 1);
    Answer with = SequentialTest.of(some, trials, allowed);
    Answer withMore = SequentialTest.of(some + 1, trials, allowed);
    // PASS, FAIL, OPEN: a failure may move PASS to OPEN or FAIL, and OPEN to FAIL.
    if (with == Answer.FAIL) {
      assertThat(withMore).isEqualTo(Answer.FAIL);
    }
    if (with == Answer.OPEN) {
      assertThat(withMore).isNotEqualTo(Answer.PASS);
    }
  }

  @Property
  void moreSuccessesNeverHarm(
      @ForAll @IntRange(min = 1, max = 10_000) int trials,
      @ForAll @IntRange(min = 0, max = 10_000) int failures,
      @ForAll @DoubleRange(min = 0, max = 1) double allowed) {
    int some = Math.min(failures, trials);
    if (SequentialTest.of(some, trials, allowed) == Answer.PASS) {
      assertThat(SequentialTest.of(some, trials + 1, allowed)).isEqualTo(Answer.PASS);
    }
  }

  @Property
  void aVersionThatFailsEverythingIsStoppedWithinTenRequests(
      @ForAll @DoubleRange(min = 0, max = 0.2) double allowed) {
    assertThat(SequentialTest.of(10, 10, allowed)).isEqualTo(Answer.FAIL);
  }

  /** Looked at after each of up to 3000 requests, it keeps to the error rates that it promises. */
  @Test
  void keepsItsErrorRates() {
    SplittableRandom random = new SplittableRandom(7);
    int tests = 4000;
    int goodRefused = 0;
    int badPassed = 0;
    for (int test = 0; test < tests; test++) {
      goodRefused += run(random, 0.01, 0.01) == Answer.FAIL ? 1 : 0;
      badPassed += run(random, 0.03, 0.01) == Answer.PASS ? 1 : 0;
    }
    // Expected at most 4 and 40; three standard deviations more.
    assertThat(goodRefused).isLessThanOrEqualTo(10);
    assertThat(badPassed).isLessThanOrEqualTo(59);
  }

  private static Answer run(SplittableRandom random, double share, double allowed) {
    int failures = 0;
    for (int trials = 1; trials <= 3000; trials++) {
      failures += random.nextDouble() < share ? 1 : 0;
      Answer answer = SequentialTest.of(failures, trials, allowed);
      if (answer != Answer.OPEN) {
        return answer;
      }
    }
    return Answer.OPEN;
  }

  @Test
  void zeroAllowsNone() {
    assertThat(SequentialTest.of(1, 1_000_000, 0)).isEqualTo(Answer.FAIL);
    assertThat(SequentialTest.of(0, 1, 0)).isEqualTo(Answer.PASS);
    assertThat(SequentialTest.of(0, 0, 0)).isEqualTo(Answer.OPEN);
  }
}
