package dev.hone.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.metrics.ModelStatistics.Failure;
import io.micrometer.core.instrument.Clock;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.prometheus.client.CollectorRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is published, and the table of it in docs/metrics.md. */
class MetricsTableTest {
  private static final Pattern METER = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([a-z_]+)` \\| (\\w+) \\| (.*?) \\|");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new CollectorRegistry(), Clock.SYSTEM);
  private final ModelStatistics statistics;

  MetricsTableTest() {
    InferenceMetrics metrics = new InferenceMetrics(registry);
    statistics = metrics.statistics("spam", "1");
    metrics.publish(
        new MeteredModel("spam", "1", "CPUExecutionProvider", "sha256:1", statistics, () -> 3));
  }

  @BeforeEach
  void count() {
    statistics.pause();
    statistics.executed(100, 1, 1, 1);
    statistics.computed(1, 1, 1, 1);
    statistics.resume();

    statistics.executed(2, 1_000, 3_000_000, 2_000);
    statistics.computed(4_000, 1_000, 3_000_000, 2_000);
    statistics.computed(5_000, 1_000, 3_000_000, 2_000);
    statistics.succeeded(8_000_000);
    statistics.failed(Failure.CANCELED, 9_000);
  }

  @Test
  void theTableNamesEveryMeterAndItsTypeAndNoOther() throws Exception {
    String document = Files.readString(Path.of("../../docs/metrics.md"));
    String table = document.substring(document.indexOf("# Metrics of the server"));
    assertThat(METER.matcher(scrape()).results().map(type -> type.group(1) + " " + type.group(2)))
        .containsExactlyInAnyOrderElementsOf(
            ROW.matcher(table).results().map(row -> row.group(1) + " " + row.group(2)).toList());
  }

  @Test
  void countsAsTritonDoes() {
    assertSample("nv_inference_request_success", 1);
    assertSample("nv_inference_count", 2);
    assertSample("nv_inference_exec_count", 1);
    assertSample("nv_inference_request_duration_us", 8_000);
    assertSample("nv_inference_queue_duration_us", 9);
    assertSample("nv_inference_compute_input_duration_us", 2);
    assertSample("nv_inference_compute_infer_duration_us", 6_000);
    assertSample("nv_inference_compute_output_duration_us", 4);
    assertSample("nv_inference_pending_request_count", 3);
    assertThat(scrape())
        .contains(
            "nv_inference_request_failure{model=\"spam\",version=\"1\",reason=\"CANCELED\"} 1.0",
            "nv_inference_request_failure{model=\"spam\",version=\"1\",reason=\"OTHER\"} 0.0",
            "provider=\"CPUExecutionProvider\"");
  }

  @Test
  void histogramsHaveBucketsBelowAndAboveAMillisecond() {
    assertBucket("hone_inference_compute_duration_seconds", "0.002", 0);
    assertBucket("hone_inference_compute_duration_seconds", "0.005", 1);
    assertBucket("hone_inference_queue_duration_seconds", "2.5E-4", 2);
    assertBucket("hone_inference_request_duration_seconds", "0.005", 0);
    assertBucket("hone_inference_request_duration_seconds", "0.01", 1);
    assertBucket("hone_inference_batch_rows", "1.0", 0);
    assertBucket("hone_inference_batch_rows", "2.0", 1);
  }

  /** The text without the commas that the client library ends a list of labels with. */
  private String scrape() {
    return registry.scrape().replace(",}", "}");
  }

  private void assertSample(String name, double value) {
    assertThat(scrape()).contains(name + "{model=\"spam\",version=\"1\"} " + value + "\n");
  }

  private void assertBucket(String name, String bound, double value) {
    assertThat(scrape())
        .contains(
            "%s_bucket{model=\"spam\",version=\"1\",le=\"%s\"} %s\n".formatted(name, bound, value));
  }
}
