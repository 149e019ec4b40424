package dev.hone.server.metrics;

import dev.hone.server.metrics.ModelStatistics.Failure;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.prometheus.client.Collector;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToLongFunction;

/**
 * Publishes the models' numbers under Triton's metric names, so that its dashboards and alerts work
 * here too.
 */
@ApplicationScoped
public class InferenceMetrics {
  private static final Duration[] BUCKETS =
      List.of(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000).stream()
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private final List<MeteredModel> models = new CopyOnWriteArrayList<>();
  private final PrometheusMeterRegistry meters;
  private final Collector collector = new TritonCollector();

  /** Publishes through that registry. */
  public InferenceMetrics(PrometheusMeterRegistry meters) {
    this.meters = meters;
    meters.getPrometheusRegistry().register(collector);
  }

  /** Starts to count for a model version. */
  public ModelStatistics statistics(String model, String version) {
    return new ModelStatistics(
        Timer.builder("hone.inference.request.duration")
            .description("Time from an inference request to its response")
            .tags("model", model, "version", version)
            .serviceLevelObjectives(BUCKETS)
            .register(meters));
  }

  /** Publishes a model version's numbers from now on. */
  public void publish(MeteredModel model) {
    models.add(model);
  }

  @PreDestroy
  void unregister() {
    meters.getPrometheusRegistry().unregister(collector);
  }

  /**
   * Untyped samples: the client library would end a counter's name in _total, which Triton's do
   * not.
   */
  private final class TritonCollector extends Collector {
    private static final List<String> LABELS = List.of("model", "version");

    @Override
    public List<MetricFamilySamples> collect() {
      return List.of(
          family("nv_inference_request_success", "Requests answered", ModelStatistics::successes),
          failures(),
          family("nv_inference_count", "Rows inferred", ModelStatistics::rows),
          family("nv_inference_exec_count", "Runs of the model", ModelStatistics::executions),
          family(
              "nv_inference_request_duration_us",
              "Cumulative time of requests",
              ModelStatistics::requestMicros),
          family(
              "nv_inference_queue_duration_us",
              "Cumulative time in the queue",
              ModelStatistics::queueMicros),
          family(
              "nv_inference_compute_infer_duration_us",
              "Cumulative time in the model",
              ModelStatistics::computeMicros),
          pending(),
          info());
    }

    private MetricFamilySamples family(
        String name, String help, ToLongFunction<ModelStatistics> value) {
      List<MetricFamilySamples.Sample> samples = new ArrayList<>();
      for (MeteredModel model : models) {
        samples.add(sample(name, model, value.applyAsLong(model.statistics())));
      }
      return new MetricFamilySamples(name, Type.UNKNOWN, help, samples);
    }

    private MetricFamilySamples failures() {
      String name = "nv_inference_request_failure";
      List<MetricFamilySamples.Sample> samples = new ArrayList<>();
      for (MeteredModel model : models) {
        for (Failure reason : Failure.values()) {
          samples.add(
              new MetricFamilySamples.Sample(
                  name,
                  List.of("model", "version", "reason"),
                  List.of(model.name(), model.version(), reason.name()),
                  model.statistics().failures(reason)));
        }
      }
      return new MetricFamilySamples(name, Type.UNKNOWN, "Requests refused or failed", samples);
    }

    private MetricFamilySamples pending() {
      String name = "nv_inference_pending_request_count";
      List<MetricFamilySamples.Sample> samples = new ArrayList<>();
      for (MeteredModel model : models) {
        samples.add(sample(name, model, model.waiting().getAsInt()));
      }
      return new MetricFamilySamples(name, Type.GAUGE, "Requests waiting in the queue", samples);
    }

    private MetricFamilySamples info() {
      String name = "hone_model_info";
      List<MetricFamilySamples.Sample> samples = new ArrayList<>();
      for (MeteredModel model : models) {
        samples.add(
            new MetricFamilySamples.Sample(
                name,
                List.of("model", "version", "provider", "digest"),
                List.of(model.name(), model.version(), model.provider(), model.digest()),
                1));
      }
      return new MetricFamilySamples(name, Type.GAUGE, "What is served, and on what", samples);
    }

    private MetricFamilySamples.Sample sample(String name, MeteredModel model, double value) {
      return new MetricFamilySamples.Sample(
          name, LABELS, List.of(model.name(), model.version()), value);
    }
  }
}
