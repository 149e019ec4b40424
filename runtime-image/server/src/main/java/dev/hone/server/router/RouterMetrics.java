package dev.hone.server.router;

import io.prometheus.client.Collector.MetricFamilySamples;
import io.prometheus.client.Collector.MetricFamilySamples.Sample;
import io.prometheus.client.Collector.Type;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The router's numbers in Prometheus' text format; they start anew with each revision. */
final class RouterMetrics {
  static final String CONTENT_TYPE = TextFormat.CONTENT_TYPE_004;

  private static final List<String> ARM = List.of("version");
  private static final List<String> OUTPUT = List.of("output");
  private static final double MICROS = TimeUnit.SECONDS.toMicros(1);
  private static final double[] SECONDS = {
    .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10
  };

  private RouterMetrics() {}

  /** All of them; nothing without a configuration. */
  static String text(Optional<ActiveRouting.State> state) {
    StringWriter text = new StringWriter();
    try {
      TextFormat.write004(
          text, Collections.enumeration(state.map(RouterMetrics::families).orElse(List.of())));
    } catch (IOException e) {
      throw new UncheckedIOException("a string can always be written to", e);
    }
    return text.toString();
  }

  private static List<MetricFamilySamples> families(ActiveRouting.State state) {
    Statistics.Snapshot counted = state.statistics().snapshot();
    Map<String, ArmStatistics.Snapshot> arms =
        Map.of(
            Arm.STABLE.text(),
            counted.stable(),
            Arm.CANDIDATE.text(),
            counted.candidate(),
            "shadow",
            counted.shadow());
    List<Sample> requests = new ArrayList<>();
    List<Sample> errors = new ArrayList<>();
    List<Sample> durations = new ArrayList<>();
    arms.forEach(
        (name, arm) -> {
          requests.add(sample("hone_router_requests_total", ARM, name, arm.requests()));
          errors.add(sample("hone_router_errors_total", ARM, name, arm.errors()));
          durations.addAll(histogram(name, arm));
        });
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(
        family("hone_router_requests", Type.COUNTER, "Requests given to a version", requests));
    families.add(
        family("hone_router_errors", Type.COUNTER, "Requests that a version failed", errors));
    families.add(
        family(
            "hone_router_request_duration_seconds",
            Type.HISTOGRAM,
            "Time from a request's dispatch to its whole answer",
            durations));
    families.add(
        counter(
            "hone_router_rescued",
            "Requests that the candidate failed and the stable version answered",
            counted.rescued()));
    families.add(
        counter("hone_router_dropped_samples", "Sampled requests not repeated", counted.dropped()));
    families.add(
        counter("hone_router_comparisons", "Answers compared", counted.comparisons().samples()));
    families.add(
        counter(
            "hone_router_unlike",
            "Compared answers with other outputs or shapes",
            counted.comparisons().unlike()));
    families.add(
        counter(
            "hone_router_nan",
            "Compared answers with a value that is not a number",
            counted.comparisons().nan()));
    families.add(
        family(
            "hone_router_candidate_weight",
            Type.GAUGE,
            "Share of the candidate in percent",
            List.of(
                new Sample(
                    "hone_router_candidate_weight",
                    List.of(),
                    List.of(),
                    state.routing().weight()))));
    families.addAll(outputs(counted.comparisons().outputs()));
    return families;
  }

  private static List<MetricFamilySamples> outputs(
      Map<String, ComparisonStatistics.OutputSnapshot> outputs) {
    List<Sample> rows = new ArrayList<>();
    List<Sample> same = new ArrayList<>();
    List<Sample> greatest = new ArrayList<>();
    List<Sample> relative = new ArrayList<>();
    outputs.forEach(
        (name, output) -> {
          rows.add(sample("hone_router_compared_rows_total", OUTPUT, name, output.rows()));
          same.add(sample("hone_router_same_top_rows_total", OUTPUT, name, output.sameTop()));
          greatest.add(sample("hone_router_max_abs", OUTPUT, name, output.maxAbs()));
          relative.add(sample("hone_router_max_relative_l2", OUTPUT, name, output.maxRelativeL2()));
        });
    return List.of(
        family("hone_router_compared_rows", Type.COUNTER, "Rows with a top answer", rows),
        family("hone_router_same_top_rows", Type.COUNTER, "Those with the same one", same),
        family("hone_router_max_abs", Type.GAUGE, "Greatest difference of a value", greatest),
        family(
            "hone_router_max_relative_l2",
            Type.GAUGE,
            "Greatest relative norm of the difference",
            relative));
  }

  private static List<Sample> histogram(String arm, ArmStatistics.Snapshot counted) {
    String name = "hone_router_request_duration_seconds";
    List<Sample> samples = new ArrayList<>();
    long total = 0;
    double sum = 0;
    for (ArmStatistics.Bucket bucket : counted.latency()) {
      total += bucket.count();
      sum += bucket.micros() / MICROS * bucket.count();
    }
    for (double bound : SECONDS) {
      long within =
          counted.latency().stream()
              .filter(bucket -> bucket.micros() / MICROS <= bound)
              .mapToLong(ArmStatistics.Bucket::count)
              .sum();
      samples.add(
          new Sample(
              name + "_bucket",
              List.of("version", "le"),
              List.of(arm, Double.toString(bound)),
              within));
    }
    samples.add(
        new Sample(name + "_bucket", List.of("version", "le"), List.of(arm, "+Inf"), total));
    samples.add(sample(name + "_count", ARM, arm, total));
    samples.add(sample(name + "_sum", ARM, arm, sum));
    return samples;
  }

  private static MetricFamilySamples counter(String name, String help, long value) {
    return family(
        name,
        Type.COUNTER,
        help,
        List.of(new Sample(name + "_total", List.of(), List.of(), value)));
  }

  private static MetricFamilySamples family(
      String name, Type type, String help, List<Sample> samples) {
    return new MetricFamilySamples(name, type, help, samples);
  }

  private static Sample sample(String name, List<String> label, String value, double number) {
    return new Sample(name, label, List.of(value), number);
  }
}
