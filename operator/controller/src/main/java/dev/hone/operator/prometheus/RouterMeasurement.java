package dev.hone.operator.prometheus;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import dev.hone.operator.rollout.LatencyHistogram;
import dev.hone.operator.rollout.Measurement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Makes figures of the series that {@link RouterSeries#counted} asks for. Pure. */
final class RouterMeasurement {
  private static final double MICROS_PER_SECOND = 1_000_000;

  /** Above it a double does not hold every whole number. */
  private static final double MAX_COUNT = 1L << 53;

  private final List<Sample> ofProcess;

  private RouterMeasurement(List<Sample> ofProcess) {
    this.ofProcess = ofProcess;
  }

  /**
   * What all processes counted together.
   *
   * @throws IllegalArgumentException with the second half of a sentence if a number is no count
   */
  static Measurement of(List<Sample> samples) {
    return Measurement.sum(
        samples.stream()
            .collect(
                groupingBy(sample -> sample.text(RouterSeries.PROCESS), TreeMap::new, toList()))
            .values()
            .stream()
            .map(part -> new RouterMeasurement(part).measurement())
            .toList());
  }

  private Measurement measurement() {
    return new Measurement(arm("stable"), arm("candidate"), arm("shadow"), comparisons());
  }

  private Measurement.Arm arm(String version) {
    return new Measurement.Arm(
        count(RouterSeries.REQUESTS, RouterSeries.VERSION, version),
        count(RouterSeries.ERRORS, RouterSeries.VERSION, version),
        new LatencyHistogram(latencies(version)));
  }

  /** Each bucket holds what the one below it does not. */
  private Map<Long, Long> latencies(String version) {
    SortedMap<Double, Long> within = new TreeMap<>();
    ofProcess.stream()
        .filter(sample -> isOf(sample, RouterSeries.DURATION, RouterSeries.VERSION, version))
        .forEach(sample -> within.merge(bound(sample), count(sample), Math::max));
    Map<Long, Long> counts = new LinkedHashMap<>();
    long below = 0;
    for (Map.Entry<Double, Long> bucket : within.entrySet()) {
      if (bucket.getValue() > below) {
        counts.put(micros(bucket.getKey()), bucket.getValue() - below);
        below = bucket.getValue();
      }
    }
    return counts;
  }

  private static double bound(Sample bucket) {
    String text = bucket.text(RouterSeries.LE);
    try {
      return Sample.number(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "has a bucket of %s up to '%s', which is no number"
              .formatted(RouterSeries.DURATION, text),
          e);
    }
  }

  private static long micros(double seconds) {
    return Double.isInfinite(seconds) ? Long.MAX_VALUE : Math.round(seconds * MICROS_PER_SECOND);
  }

  private Measurement.Comparisons comparisons() {
    Set<String> names = new TreeSet<>();
    ofProcess.forEach(sample -> sample.label(RouterSeries.OUTPUT).ifPresent(names::add));
    Map<String, Measurement.OutputDifference> outputs = new LinkedHashMap<>();
    names.forEach(name -> outputs.put(name, difference(name)));
    return new Measurement.Comparisons(
        count(RouterSeries.COMPARISONS),
        count(RouterSeries.UNLIKE),
        count(RouterSeries.NAN),
        // A series has no place for a sentence.
        Optional.empty(),
        outputs);
  }

  private Measurement.OutputDifference difference(String output) {
    return new Measurement.OutputDifference(
        count(RouterSeries.ROWS, RouterSeries.OUTPUT, output),
        count(RouterSeries.SAME_TOP, RouterSeries.OUTPUT, output),
        greatest(RouterSeries.MAX_ABS, output),
        greatest(RouterSeries.RELATIVE_L2, output));
  }

  private double greatest(String name, String output) {
    return ofProcess.stream()
        .filter(sample -> isOf(sample, name, RouterSeries.OUTPUT, output))
        .mapToDouble(Sample::value)
        // Of what is no number nothing passes either.
        .map(value -> Double.isFinite(value) ? value : Double.MAX_VALUE)
        .max()
        .orElse(0);
  }

  private long count(String name) {
    return ofProcess.stream()
        .filter(sample -> name.equals(sample.text(Sample.NAME)))
        .mapToLong(RouterMeasurement::count)
        .max()
        .orElse(0);
  }

  private long count(String name, String label, String value) {
    return ofProcess.stream()
        .filter(sample -> isOf(sample, name, label, value))
        .mapToLong(RouterMeasurement::count)
        .max()
        .orElse(0);
  }

  private static boolean isOf(Sample sample, String name, String label, String value) {
    return name.equals(sample.text(Sample.NAME)) && value.equals(sample.text(label));
  }

  private static long count(Sample sample) {
    double value = sample.value();
    if (!(value >= 0 && value <= MAX_COUNT)) {
      throw new IllegalArgumentException(
          "has a value of %s that is no count: %s".formatted(sample.text(Sample.NAME), value));
    }
    return Math.round(value);
  }
}
