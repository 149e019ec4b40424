package dev.hone.operator.metrics;

import dev.hone.operator.engine.EngineListener;
import dev.hone.operator.engine.EvictionCause;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;

/** Meters of the engines that the operator has built. */
@Singleton
public class EngineMetrics implements EngineListener {

  private final MeterRegistry registry;

  /** Registers the meters in the given registry. */
  public EngineMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void evicted(EvictionCause cause) {
    registry.counter("hone.engines.evicted", "cause", cause.label()).increment();
  }
}
