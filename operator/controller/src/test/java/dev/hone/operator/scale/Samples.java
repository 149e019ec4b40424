package dev.hone.operator.scale;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a program tells in Prometheus' text format, version 0.0.4.
 *
 * @param values the samples, by name and labels
 */
record Samples(Map<Sample, Double> values) {

  private static final Pattern LINE =
      Pattern.compile("^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? ([^ ]+)(?: .*)?$");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  /**
   * A time series.
   *
   * @param name of the metric
   * @param labels what it is of
   */
  record Sample(String name, Map<String, String> labels) {

    String label(String key) {
      return labels.getOrDefault(key, "");
    }
  }

  static Samples parse(String text) {
    Map<Sample, Double> values = new HashMap<>();
    text.lines()
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .forEach(
            line ->
                values.put(
                    new Sample(line.group(1), labels(line.group(2))), number(line.group(3))));
    return new Samples(values);
  }

  private static Map<String, String> labels(@Nullable String text) {
    return text == null
        ? Map.of()
        : LABEL
            .matcher(text)
            .results()
            .collect(
                Collectors.toMap((MatchResult label) -> label.group(1), label -> label.group(2)));
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  /** What has been added since then. */
  Samples since(Samples before) {
    Map<Sample, Double> added = new HashMap<>();
    values.forEach(
        (sample, value) -> added.put(sample, value - before.values.getOrDefault(sample, 0.0)));
    return new Samples(added);
  }

  /** The sum of some series. */
  double sum(String name, Predicate<Sample> which) {
    return values.entrySet().stream()
        .filter(entry -> entry.getKey().name().equals(name) && which.test(entry.getKey()))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  /**
   * A quantile of a histogram, interpolated within its bucket as Prometheus does.
   *
   * @param name of the histogram, without {@code _bucket}
   * @param share between 0 and 1
   */
  double quantile(String name, double share) {
    TreeMap<Double, Double> counts = new TreeMap<>();
    values.forEach(
        (sample, value) -> {
          if (sample.name().equals(name + "_bucket")) {
            counts.merge(number(sample.label("le")), value, Double::sum);
          }
        });
    double wanted = share * counts.getOrDefault(Double.POSITIVE_INFINITY, 0.0);
    double bound = 0;
    double below = 0;
    for (Map.Entry<Double, Double> bucket : counts.entrySet()) {
      if (bucket.getValue() >= wanted) {
        double inside = bucket.getValue() - below;
        return bucket.getKey().isInfinite() || inside == 0
            ? bound
            : bound + (bucket.getKey() - bound) * (wanted - below) / inside;
      }
      bound = bucket.getKey();
      below = bucket.getValue();
    }
    return bound;
  }

  /** Series with a value above 0, the largest first, as words. */
  List<String> words(String name, Predicate<Sample> which, Iterable<String> labels) {
    return values.entrySet().stream()
        .filter(entry -> entry.getKey().name().equals(name) && which.test(entry.getKey()))
        .filter(entry -> entry.getValue() > 0)
        .collect(
            Collectors.groupingBy(
                entry -> join(entry.getKey(), labels),
                Collectors.summingDouble(Map.Entry::getValue)))
        .entrySet()
        .stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .map(entry -> "%s %.0f".formatted(entry.getKey(), entry.getValue()))
        .toList();
  }

  private static String join(Sample sample, Iterable<String> labels) {
    StringBuilder words = new StringBuilder();
    for (String label : labels) {
      if (!sample.label(label).isEmpty()) {
        words.append(words.isEmpty() ? "" : " ").append(sample.label(label));
      }
    }
    return words.toString();
  }
}
