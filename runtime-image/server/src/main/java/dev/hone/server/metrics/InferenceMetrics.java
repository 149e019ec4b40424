package dev.hone.server.metrics;

import dev.hone.server.metrics.ModelStatistics.Failure;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.prometheus.client.Collector;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
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
    return new ModelStatistics(ModelMeters.of(meters, model, version), Clock.systemUTC());
  }

  /** Publishes a model version's numbers from now on, in the place of those it has had. */
  public synchronized void publish(MeteredModel model) {
    models.removeIf(known -> is(known, model.name(), model.version()));
    models.add(model);
  }

  /** Publishes a model version's numbers no longer. */
  public synchronized void withdraw(String model, String version) {
    models.removeIf(known -> is(known, model, version));
    ModelMeters.of(meters, model, version).all().forEach(meters::remove);
  }

  private static boolean is(MeteredModel model, String name, String version) {
    return model.name().equals(name) && model.version().equals(version);
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
          family(
              "nv_inference_request_success",
              "Requests answered",
              statistics -> statistics.success().count()),
          failures(),
          family("nv_inference_count", "Rows inferred", ModelStatistics::rows),
          family("nv_inference_exec_count", "Runs of the model", ModelStatistics::executions),
          family(
              "nv_inference_request_duration_us",
              "Cumulative time of requests",
              statistics -> statistics.success().micros()),
          family(
              "nv_inference_queue_duration_us",
              "Cumulative time in the queue",
              statistics -> statistics.queue().micros()),
          family(
              "nv_inference_compute_input_duration_us",
              "Cumulative time of joining inputs, counted for every request of a run",
              statistics -> statistics.compute().computeInput().micros()),
          family(
              "nv_inference_compute_infer_duration_us",
              "Cumulative time in the model, counted for every request of a run",
              statistics -> statistics.compute().computeInfer().micros()),
          family(
              "nv_inference_compute_output_duration_us",
              "Cumulative time of parting outputs, counted for every request of a run",
              statistics -> statistics.compute().computeOutput().micros()),
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
