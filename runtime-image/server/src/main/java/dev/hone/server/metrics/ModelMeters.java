package dev.hone.server.metrics;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * The histograms of one model version.
 *
 * @param request from a request to its answer
 * @param queue from a request's admission to its run
 * @param compute one run of the model
 * @param batch the rows of one run
 */
public record ModelMeters(Timer request, Timer queue, Timer compute, DistributionSummary batch) {
  private static final Duration[] BUCKETS =
      DoubleStream.of(0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
          .mapToObj(millis -> Duration.ofNanos((long) (millis * 1_000_000)))
          .toArray(Duration[]::new);

  private static final double[] SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256};

  /** The histograms of a model version in that registry; a version that is loaded again goes on. */
  public static ModelMeters of(MeterRegistry registry, String model, String version) {
    Tags tags = Tags.of("model", model, "version", version);
    return new ModelMeters(
        timer("hone.inference.request.duration", "Time from an inference request to its answer")
            .tags(tags)
            .register(registry),
        timer("hone.inference.queue.duration", "Time that an inference request waits for its run")
            .tags(tags)
            .register(registry),
        timer("hone.inference.compute.duration", "Time of a run of the model")
            .tags(tags)
            .register(registry),
        DistributionSummary.builder("hone.inference.batch.rows")
            .description("Rows of a run of the model")
            .serviceLevelObjectives(SIZES)
            .tags(tags)
            .register(registry));
  }

  private static Timer.Builder timer(String name, String description) {
    return Timer.builder(name).description(description).serviceLevelObjectives(BUCKETS);
  }

  /** All of them. */
  List<Meter> all() {
    return List.of(request, queue, compute, batch);
  }
}
