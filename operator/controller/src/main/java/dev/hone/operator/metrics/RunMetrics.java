package dev.hone.operator.metrics;

import dev.hone.api.common.Comparison;
import dev.hone.operator.run.RunEnd;
import dev.hone.operator.run.RunListener;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;

/** Meters of the runs that the operator starts. */
@Singleton
public class RunMetrics implements RunListener {
  private static final double[] POINTS = {0.1, 0.25, 0.5, 1, 2, 5, 10};
  private static final double[] RATIOS = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1};
  private static final double[] SPEEDUPS = {0.5, 1, 1.3, 1.5, 2, 3, 4, 6};

  private final MeterRegistry registry;

  /** Registers the meters in the given registry. */
  public RunMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** A Job was created for a resource of the given kind. */
  @Override
  public void started(String kind) {
    registry.counter("hone.jobs.started", "kind", kind).increment();
  }

  @Override
  public void finished(RunEnd end) {
    registry.counter("hone.jobs.finished", "kind", end.kind(), "result", end.result()).increment();
    end.took().ifPresent(took -> took(end, took));
    end.accepted()
        .ifPresent(
            accepted -> registry.counter("hone.gate.results", "accepted", accepted).increment());
    end.comparison().ifPresent(comparison -> compared(end.kind(), comparison));
  }

  private void took(RunEnd end, Duration took) {
    registry.timer("hone.run.duration", "kind", end.kind(), "result", end.result()).record(took);
    registry
        .counter("hone.gpu.seconds", "kind", end.kind(), "namespace", end.namespace())
        .increment((double) end.gpus() * took.toSeconds());
  }

  private void compared(String kind, Comparison comparison) {
    if (comparison.accuracyDrop() != null) {
      // The registry takes nothing below zero; a model that became better lost nothing.
      summary("hone.accuracy.drop.points", kind, POINTS)
          .record(Math.max(0, comparison.accuracyDrop().value()));
    }
    if (comparison.sizeRatio() != null) {
      summary("hone.size.ratio", kind, RATIOS).record(comparison.sizeRatio());
    }
    if (comparison.speedup() != null) {
      summary("hone.speedup", kind, SPEEDUPS).record(comparison.speedup().value());
    }
  }

  private DistributionSummary summary(String name, String kind, double... buckets) {
    return DistributionSummary.builder(name)
        .tag("kind", kind)
        .serviceLevelObjectives(buckets)
        .register(registry);
  }
}
