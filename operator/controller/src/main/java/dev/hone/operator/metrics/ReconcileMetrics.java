package dev.hone.operator.metrics;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.processing.Controller;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.arc.Unremovable;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What the operator framework tells about reconciliations, by kind and never by resource. It takes
 * the place of the framework's own bean, which may measure nothing.
 */
@Singleton
@Unremovable
public class ReconcileMetrics implements Metrics {
  private final MeterRegistry registry;
  private final Map<String, AtomicInteger> queued = new ConcurrentHashMap<>();

  /** Registers the meters in the given registry. */
  public ReconcileMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void controllerRegistered(Controller<? extends HasMetadata> controller) {
    queued(controller.getConfiguration().getResourceClass().getSimpleName());
  }

  @Override
  public void reconciliationSubmitted(
      HasMetadata resource, @Nullable RetryInfo retryInfo, Map<String, Object> metadata) {
    queued(resource.getKind()).incrementAndGet();
  }

  /** The framework skips the start of what was deleted meanwhile, but never the end. */
  @Override
  public void reconciliationFinished(
      HasMetadata resource, @Nullable RetryInfo retryInfo, Map<String, Object> metadata) {
    queued(resource.getKind()).decrementAndGet();
  }

  @Override
  public <T> T timeControllerExecution(ControllerExecution<T> execution) throws Exception {
    long started = System.nanoTime();
    String outcome = "failure";
    try {
      T result = execution.execute();
      outcome = "success";
      return result;
    } finally {
      record(execution, outcome, Duration.ofNanos(System.nanoTime() - started));
    }
  }

  private void record(ControllerExecution<?> execution, String outcome, Duration duration) {
    Timer.builder("hone.reconcile.duration")
        .tag("controller", execution.controllerName())
        .tag("operation", execution.name().toLowerCase(Locale.ROOT))
        .tag("outcome", outcome)
        .serviceLevelObjectives(
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            Duration.ofMillis(250),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5))
        .register(registry)
        .record(duration);
  }

  private AtomicInteger queued(String kind) {
    return queued.computeIfAbsent(
        kind,
        added -> {
          AtomicInteger depth = new AtomicInteger();
          Gauge.builder("hone.reconcile.queue.depth", depth, AtomicInteger::get)
              .tag("kind", added)
              .strongReference(true)
              .register(registry);
          return depth;
        });
  }
}
