package dev.hone.operator.metrics;

import dev.hone.operator.leader.Leadership;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.inject.Singleton;
import java.util.function.BooleanSupplier;

/** Says which replica leads. */
@Singleton
public class LeaderMetrics implements MeterBinder {
  private final Leadership leadership;

  /** Tells about the given leadership. */
  public LeaderMetrics(Leadership leadership) {
    this.leadership = leadership;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    gauge(leadership::isLeading).register(registry);
  }

  static Gauge.Builder<?> gauge(BooleanSupplier leading) {
    return Gauge.builder("hone.leader", leading, leader -> leader.getAsBoolean() ? 1 : 0)
        .strongReference(true);
  }
}
