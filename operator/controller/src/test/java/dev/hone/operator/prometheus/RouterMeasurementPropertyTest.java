package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.operator.rollout.LatencyHistogram;
import dev.hone.operator.rollout.Measurement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Figures that went through series are the figures that went in. */
class RouterMeasurementPropertyTest {
  private static final long[] BOUNDS = {1000, 2240, 5000, 3_600_000_000L};

  @Property(tries = 200)
  void nothingIsLostOnTheWay(
      @ForAll @Size(min = 0, max = 4) List<@IntRange(min = 0, max = 1_000_000) Integer> seeds,
      @ForAll Random order) {
    List<Measurement> parts = new ArrayList<>();
    List<Sample> series = new ArrayList<>();
    for (int i = 0; i < seeds.size(); i++) {
      Measurement part = measurement(new Random(seeds.get(i)));
      parts.add(part);
      series.addAll(series("p" + i, part));
    }
    // A second Prometheus beside the first may be a scrape behind.
    List<Sample> all = new ArrayList<>(series);
    series.stream()
        .filter(sample -> order.nextBoolean())
        .map(sample -> new Sample(sample.labels(), Math.floor(sample.value() / 2)))
        .forEach(all::add);
    Collections.shuffle(all, order);
    assertThat(RouterMeasurement.of(all)).isEqualTo(Measurement.sum(parts));
  }

  private static Measurement measurement(Random random) {
    Map<String, Measurement.OutputDifference> outputs = new LinkedHashMap<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      outputs.put(
          "output" + i,
          new Measurement.OutputDifference(
              random.nextInt(1000), random.nextInt(1000), random.nextInt(8), random.nextInt(8)));
    }
    return new Measurement(
        arm(random),
        arm(random),
        arm(random),
        new Measurement.Comparisons(
            random.nextInt(1000),
            random.nextInt(10),
            random.nextInt(10),
            Optional.empty(),
            outputs));
  }

  private static Measurement.Arm arm(Random random) {
    Map<Long, Long> counts = new TreeMap<>();
    for (long bound : BOUNDS) {
      if (random.nextBoolean()) {
        counts.put(bound, (long) random.nextInt(1, 10_000));
      }
    }
    return new Measurement.Arm(
        random.nextInt(100_000), random.nextInt(1000), new LatencyHistogram(counts));
  }

  /** As a router publishes it. */
  private static List<Sample> series(String process, Measurement measured) {
    List<Sample> series = new ArrayList<>();
    Map.of(
            "stable", measured.stable(),
            "candidate", measured.candidate(),
            "shadow", measured.shadow())
        .forEach(
            (version, arm) -> {
              series.add(
                  sample(
                      "hone_router_requests_total", process, "version", version, arm.requests()));
              series.add(
                  sample("hone_router_errors_total", process, "version", version, arm.errors()));
              series.addAll(buckets(process, version, arm.latency().counts()));
            });
    Measurement.Comparisons compared = measured.comparisons();
    series.add(sample("hone_router_comparisons_total", process, "", "", compared.samples()));
    series.add(sample("hone_router_unlike_total", process, "", "", compared.unlike()));
    series.add(sample("hone_router_nan_total", process, "", "", compared.notANumber()));
    compared
        .outputs()
        .forEach(
            (name, output) -> {
              series.add(
                  sample(
                      "hone_router_compared_rows_total", process, "output", name, output.rows()));
              series.add(
                  sample(
                      "hone_router_same_top_rows_total",
                      process,
                      "output",
                      name,
                      output.sameTop()));
              series.add(sample("hone_router_max_abs", process, "output", name, output.maxAbs()));
              series.add(
                  sample(
                      "hone_router_max_relative_l2", process, "output", name, output.relativeL2()));
            });
    return series;
  }

  private static List<Sample> buckets(String process, String version, Map<Long, Long> counts) {
    List<Sample> buckets = new ArrayList<>();
    long within = 0;
    for (long bound : BOUNDS) {
      within += counts.getOrDefault(bound, 0L);
      buckets.add(bucket(process, version, Double.toString(bound / 1e6), within));
    }
    buckets.add(bucket(process, version, "+Inf", within));
    return buckets;
  }

  private static Sample bucket(String process, String version, String le, double value) {
    Map<String, String> labels = new HashMap<>();
    labels.put("le", le);
    labels.putAll(
        sample("hone_router_request_duration_seconds_bucket", process, "version", version, value)
            .labels());
    return new Sample(labels, value);
  }

  private static Sample sample(
      String name, String process, String label, String text, double value) {
    Map<String, String> labels = new HashMap<>(Map.of("__name__", name, "process", process));
    if (!label.isEmpty()) {
      labels.put(label, text);
    }
    return new Sample(labels, value);
  }

  @Example
  void whatIsNoCountIsRefused() {
    for (double value : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY, 1e17}) {
      assertThatThrownBy(
              () ->
                  RouterMeasurement.of(
                      List.of(
                          sample("hone_router_requests_total", "p", "version", "stable", value))))
          .hasMessage("has a value of hone_router_requests_total that is no count: " + value);
    }
    assertThatThrownBy(() -> RouterMeasurement.of(List.of(bucket("p", "stable", "often", 1))))
        .hasMessageContaining("up to 'often', which is no number");
  }

  @Example
  void aDifferenceThatIsNoNumberPassesNoBound() {
    Measurement measured =
        RouterMeasurement.of(
            List.of(sample("hone_router_max_abs", "p", "output", "logits", Double.NaN)));
    assertThat(Objects.requireNonNull(measured.comparisons().outputs().get("logits")).maxAbs())
        .isEqualTo(Double.MAX_VALUE);
  }
}
