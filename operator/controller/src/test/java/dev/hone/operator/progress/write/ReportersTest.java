package dev.hone.operator.progress.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.progress.RunKind;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReportersTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Reporters reporters = new Reporters(20, nanos::get);

  @Test
  void fewRunsReportEveryTwoSeconds() {
    assertThat(reporters.seen(run(0))).isEqualTo(2);
    for (int i = 1; i < 40; i++) {
      assertThat(reporters.seen(run(i))).isEqualTo(2);
    }
  }

  @Test
  void theIntervalGrowsSoThatTheReportsFitTheBudget() {
    int interval = 0;
    for (int i = 0; i < 1000; i++) {
      interval = reporters.seen(run(i));
    }
    assertThat(interval).isEqualTo(50);
    assertThat(1000.0 / interval).isLessThanOrEqualTo(20);
  }

  @Test
  void aRunThatReportsAgainIsCountedOnce() {
    for (int i = 0; i < 1000; i++) {
      reporters.seen(run(7));
    }
    assertThat(reporters.count()).isEqualTo(1);
  }

  @Test
  void aRunThatHasEndedIsNotCounted() {
    reporters.seen(run(1));
    reporters.seen(run(2));
    reporters.ended(run(1));
    assertThat(reporters.count()).isEqualTo(1);
  }

  @Test
  void aRunThatFallsSilentIsCountedUntilItHasMissedThreeReports() {
    reporters.seen(run(1));
    nanos.addAndGet(Duration.ofMillis(5_900).toNanos());
    assertThat(reporters.count()).isEqualTo(1);
    // The cache forgets in ticks of about a second.
    nanos.addAndGet(Duration.ofMillis(2_000).toNanos());
    assertThat(reporters.count()).isZero();
  }

  private static ResourceKey run(int number) {
    return new ResourceKey(RunKind.FINE_TUNE_JOB, "team-a", "run-" + number);
  }
}
