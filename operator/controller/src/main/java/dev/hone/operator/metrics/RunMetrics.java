package dev.hone.operator.metrics;

import dev.hone.operator.run.RunListener;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;

/** Meters of the runs that the operator starts. */
@Singleton
public class RunMetrics implements RunListener {
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

  /**
   * A run has ended.
   *
   * @param kind for example {@code FineTuneJob}
   * @param result the reason of the condition Ready, for example {@code Completed}
   */
  @Override
  public void finished(String kind, String result) {
    registry.counter("hone.jobs.finished", "kind", kind, "result", result).increment();
  }
}
