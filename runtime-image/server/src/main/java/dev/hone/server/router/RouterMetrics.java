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
import java.util.stream.Stream;

/**
 * The router's numbers in Prometheus' text format. They start anew with each revision, which is one
 * of their labels; those of the revision in force are all that there is, however many there were.
 * The operator may decide a rollout by them: docs/metrics.md has the names that it asks for.
 */
final class RouterMetrics {
  static final String CONTENT_TYPE = TextFormat.CONTENT_TYPE_004;

  private static final double MICROS = TimeUnit.SECONDS.toMicros(1);

  private final List<String> labels;
  private final List<String> values;
  private final Statistics.Snapshot counted;
  private final Routing routing;

  private RouterMetrics(RouterIdentity identity, ActiveRouting.State state) {
    this.counted = state.statistics().snapshot();
    this.routing = state.routing();
    this.labels = with(RouterIdentity.LABELS, "revision");
    this.values = with(identity.labels(), routing.revision());
  }

  /** All of them; nothing without a configuration. */
  static String text(RouterIdentity identity, Optional<ActiveRouting.State> state) {
    StringWriter text = new StringWriter();
    try {
      TextFormat.write004(
          text,
          Collections.enumeration(
              state.map(found -> new RouterMetrics(identity, found).families()).orElse(List.of())));
    } catch (IOException e) {
      throw new UncheckedIOException("a string can always be written to", e);
    }
    return text.toString();
  }

  private Map<String, ArmStatistics.Snapshot> arms() {
    // Of what is not there nothing is told: between rollouts that is most of it.
    return routing.candidate() == null
        ? Map.of(Arm.STABLE.text(), counted.stable())
        : Map.of(
            Arm.STABLE.text(),
            counted.stable(),
            Arm.CANDIDATE.text(),
            counted.candidate(),
            "shadow",
            counted.shadow());
  }

  private List<MetricFamilySamples> families() {
    List<Sample> requests = new ArrayList<>();
    List<Sample> errors = new ArrayList<>();
    List<Sample> durations = new ArrayList<>();
    arms()
        .forEach(
            (name, arm) -> {
              requests.add(sample("hone_router_requests_total", "version", name, arm.requests()));
              errors.add(sample("hone_router_errors_total", "version", name, arm.errors()));
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
            List.of(sample("hone_router_candidate_weight", routing.weight()))));
    families.addAll(outputs(counted.comparisons().outputs()));
    return families;
  }

  private List<MetricFamilySamples> outputs(
      Map<String, ComparisonStatistics.OutputSnapshot> outputs) {
    List<Sample> rows = new ArrayList<>();
    List<Sample> same = new ArrayList<>();
    List<Sample> greatest = new ArrayList<>();
    List<Sample> relative = new ArrayList<>();
    outputs.forEach(
        (name, output) -> {
          rows.add(sample("hone_router_compared_rows_total", "output", name, output.rows()));
          same.add(sample("hone_router_same_top_rows_total", "output", name, output.sameTop()));
          greatest.add(sample("hone_router_max_abs", "output", name, output.maxAbs()));
          relative.add(
              sample("hone_router_max_relative_l2", "output", name, output.maxRelativeL2()));
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

  private List<Sample> histogram(String arm, ArmStatistics.Snapshot counted) {
    String name = "hone_router_request_duration_seconds";
    List<Sample> samples = new ArrayList<>();
    long total = 0;
    double sum = 0;
    for (ArmStatistics.Bucket bucket : counted.latency()) {
      total += bucket.count();
      sum += bucket.micros() / MICROS * bucket.count();
    }
    for (double bound : LatencyBounds.SECONDS) {
      long within =
          counted.latency().stream()
              .filter(bucket -> bucket.micros() / MICROS <= bound)
              .mapToLong(ArmStatistics.Bucket::count)
              .sum();
      samples.add(bucket(name, arm, Double.toString(bound), within));
    }
    samples.add(bucket(name, arm, "+Inf", total));
    samples.add(sample(name + "_count", "version", arm, total));
    samples.add(sample(name + "_sum", "version", arm, sum));
    return samples;
  }

  private MetricFamilySamples counter(String name, String help, long value) {
    return family(name, Type.COUNTER, help, List.of(sample(name + "_total", value)));
  }

  private static MetricFamilySamples family(
      String name, Type type, String help, List<Sample> samples) {
    return new MetricFamilySamples(name, type, help, samples);
  }

  private Sample bucket(String name, String arm, String bound, long count) {
    return new Sample(
        name + "_bucket",
        with(with(labels, "version"), "le"),
        with(with(values, arm), bound),
        count);
  }

  private Sample sample(String name, String label, String value, double number) {
    return new Sample(name, with(labels, label), with(values, value), number);
  }

  private Sample sample(String name, double number) {
    return new Sample(name, labels, values, number);
  }

  private static List<String> with(List<String> texts, String last) {
    return Stream.concat(texts.stream(), Stream.of(last)).toList();
  }
}
