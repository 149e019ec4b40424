package dev.hone.operator.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/** Meters of the report endpoint. */
@Singleton
public class ReportMetrics {
  private final MeterRegistry registry;

  /** Registers the meters in the given registry. */
  public ReportMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** A report was taken. */
  public void received(String report, Duration duration) {
    registry.counter("hone.reports.received", "report", report).increment();
    time(report, duration);
  }

  /** A report was not taken. */
  public void rejected(String report, String reason, Duration duration) {
    registry.counter("hone.reports.rejected", "report", report, "reason", reason).increment();
    time(report, duration);
  }

  /** Progress was written to a status, or was not. */
  public void statusWrite(String outcome) {
    registry.counter("hone.status.writes", "outcome", outcome).increment();
  }

  /** How many resources wait for their progress to be written. */
  public <T> void waitingWrites(T source, ToDoubleFunction<T> waiting) {
    Gauge.builder("hone.status.writes.waiting", source, waiting).register(registry);
  }

  /** How many runs report to this replica. */
  public <T> void reporters(T source, ToDoubleFunction<T> count) {
    Gauge.builder("hone.reporters", source, count).register(registry);
  }

  /** How long the served certificate is still valid. */
  public <T> void certificateExpiry(T source, ToDoubleFunction<T> seconds) {
    Gauge.builder("hone.certificate.expiry", source, seconds)
        .baseUnit("seconds")
        .register(registry);
  }

  private void time(String report, Duration duration) {
    Timer.builder("hone.report.duration").tag("report", report).register(registry).record(duration);
  }
}
