package dev.hone.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.operator.run.RunEnd;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is counted when a run ends. */
class RunMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RunMetrics metrics = new RunMetrics(registry);

  /** A CompressionJob that held two GPUs for 90 s and gained half a point. */
  static RunEnd compressed() {
    return new RunEnd(
        "CompressionJob",
        "team-a",
        "Completed",
        Optional.of(Duration.ofSeconds(90)),
        2,
        Optional.of(
            new Comparison(
                new Interval(-0.5, -1.0, 0.1),
                null,
                null,
                0.25,
                new Interval(2.0, 1.9, 2.1),
                null,
                null,
                null)),
        Optional.of("True"));
  }

  @Test
  void countsWhatARunCostAndWhatItWon() {
    metrics.finished(compressed());
    assertThat(
            registry
                .get("hone.gpu.seconds")
                .tags("kind", "CompressionJob", "namespace", "team-a")
                .counter()
                .count())
        .isEqualTo(180);
    assertThat(registry.get("hone.run.duration").tag("result", "Completed").timer().count())
        .isEqualTo(1);
    assertThat(registry.get("hone.gate.results").tag("accepted", "True").counter().count())
        .isEqualTo(1);
    assertThat(registry.get("hone.size.ratio").summary().totalAmount()).isEqualTo(0.25);
    assertThat(registry.get("hone.speedup").summary().totalAmount()).isEqualTo(2);
    // A gain is a loss of nothing, and still counts as a run that was compared.
    assertThat(registry.get("hone.accuracy.drop.points").summary().count()).isEqualTo(1);
    assertThat(registry.get("hone.accuracy.drop.points").summary().totalAmount()).isZero();
  }

  @Test
  void aResourceThatUsedAnArtifactThatWasThereHeldNoGpu() {
    metrics.finished(
        new RunEnd(
            "FineTuneJob",
            "team-a",
            "Reused",
            Optional.empty(),
            2,
            Optional.empty(),
            Optional.empty()));
    assertThat(registry.get("hone.jobs.finished").tag("result", "Reused").counter().count())
        .isEqualTo(1);
    assertThat(registry.find("hone.gpu.seconds").counter()).isNull();
    assertThat(registry.find("hone.gate.results").counter()).isNull();
  }
}
