package dev.hone.operator.prometheus;

import java.util.Map;
import java.util.Optional;

/**
 * One number of a query's result.
 *
 * @param labels its labels, the name among them
 * @param value the number
 */
record Sample(Map<String, String> labels, double value) {
  static final String NAME = "__name__";

  Optional<String> label(String name) {
    return Optional.ofNullable(labels.get(name));
  }

  /** A label that may be missing, which is the same as an empty one. */
  String text(String name) {
    return labels.getOrDefault(name, "");
  }

  /** A number as Prometheus writes it: its infinities are other words than Java's. */
  static double number(String text) {
    return switch (text) {
      case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }
}
