package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServiceTimesTest {
  private final ServiceTimes times = new ServiceTimes();

  @Test
  void knowsNothingAtFirst() {
    assertThat(times.estimate(1)).isZero();
    assertThat(times.estimate(4096)).isZero();
  }

  @Test
  void tellsSizesApart() {
    times.ran(1, 100);
    times.ran(8, 300);
    assertThat(times.estimate(1)).isEqualTo(100);
    assertThat(times.estimate(5)).as("runs as eight do").isEqualTo(300);
    assertThat(times.estimate(8)).isEqualTo(300);
  }

  @Test
  void takesTheNextLargerOrScalesTheNextSmaller() {
    times.ran(4, 100);
    assertThat(times.estimate(1)).isEqualTo(100);
    assertThat(times.estimate(16)).isEqualTo(400);
  }

  @Test
  void followsAChangeAndForgetsAnOutlier() {
    for (int run = 0; run < 50; run++) {
      times.ran(1, 100);
    }
    times.ran(1, 10_000);
    long shaken = times.estimate(1);
    assertThat(shaken).isBetween(2_000L, 2_200L);
    for (int run = 0; run < 50; run++) {
      times.ran(1, 100);
    }
    assertThat(times.estimate(1)).isBetween(100L, 101L);
  }
}
