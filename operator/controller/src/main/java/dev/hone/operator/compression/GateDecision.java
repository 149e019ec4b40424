package dev.hone.operator.compression;

import dev.hone.api.Reason;
import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.api.compression.Gate;
import dev.hone.api.compression.MetricBound;
import dev.hone.operator.run.Verdict;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares what was measured with what the gate asks for. The runtime's own gate passes the same
 * vectors.
 */
public final class GateDecision {

  private final List<String> unmet = new ArrayList<>();
  private final List<String> unmeasured = new ArrayList<>();
  private final List<String> figures = new ArrayList<>();

  private GateDecision() {}

  /** Decides; without a gate everything is accepted. */
  public static GateDecision of(@Nullable Gate gate, @Nullable Comparison comparison) {
    GateDecision decision = new GateDecision();
    if (gate == null) {
      return decision;
    }
    Comparison measured =
        comparison == null ? new Comparison(null, null, null, null, null) : comparison;
    decision.atMost(
        "maxAccuracyDrop",
        gate.maxAccuracyDrop(),
        value(measured.accuracyDrop()),
        "accuracy drop",
        " points");
    metric(decision, gate.metric(), measured);
    decision.atMost("maxSizeRatio", gate.maxSizeRatio(), measured.sizeRatio(), "size ratio", "");
    decision.atLeast("minSpeedup", gate.minSpeedup(), value(measured.speedup()), "speedup", "x");
    return decision;
  }

  private static void metric(
      GateDecision decision, @Nullable MetricBound bound, Comparison measured) {
    if (bound != null) {
      Map<String, Interval> drops = measured.metricDrops();
      Interval drop = drops == null ? null : drops.get(bound.name());
      decision.atMost("metric", bound.maxDrop(), value(drop), bound.name() + " drop", "");
    }
  }

  /** Whether every bound is met. */
  public boolean accepted() {
    return unmet.isEmpty();
  }

  /** Names of the bounds that are not met, in the order of the gate's fields. */
  public List<String> unmet() {
    return List.copyOf(unmet);
  }

  /** The decision as a condition, with the figures. */
  public Verdict verdict() {
    if (figures.isEmpty()) {
      return new Verdict(true, Reason.NO_GATE, "spec.gate has no bound: any result is accepted");
    }
    String text = String.join("; ", figures);
    if (accepted()) {
      return new Verdict(true, Reason.GATE_MET, "the gate is met: " + text);
    }
    Reason reason = unmeasured.containsAll(unmet) ? Reason.GATE_NOT_MEASURED : Reason.GATE_NOT_MET;
    return new Verdict(
        false, reason, "the gate is not met (" + String.join(", ", unmet) + "): " + text);
  }

  private void atMost(
      String bound, @Nullable Double limit, @Nullable Double figure, String name, String unit) {
    if (limit != null) {
      judge(bound, limit, figure, figure != null && figure <= limit, name, "at most ", unit);
    }
  }

  private void atLeast(
      String bound, @Nullable Double limit, @Nullable Double figure, String name, String unit) {
    if (limit != null) {
      judge(bound, limit, figure, figure != null && figure >= limit, name, "at least ", unit);
    }
  }

  private void judge(
      String bound,
      double limit,
      @Nullable Double figure,
      boolean met,
      String name,
      String side,
      String unit) {
    if (!met) {
      unmet.add(bound);
    }
    if (figure == null) {
      unmeasured.add(bound);
      figures.add(name + " was not measured, allowed is " + side + exact(limit) + unit);
      return;
    }
    String shown = round(figure, limit);
    figures.add(name + " " + shown + unit + ", allowed is " + side + exact(limit) + unit);
  }

  /** Two decimals, or as many as it takes to tell the figure from its limit. */
  private static String round(double figure, double limit) {
    for (int digits = 2; digits < 8; digits++) {
      BigDecimal rounded = BigDecimal.valueOf(figure).setScale(digits, RoundingMode.HALF_UP);
      if (figure == limit || rounded.compareTo(BigDecimal.valueOf(limit)) != 0) {
        return plain(rounded);
      }
    }
    return exact(figure);
  }

  private static String exact(double value) {
    return plain(BigDecimal.valueOf(value));
  }

  private static String plain(BigDecimal value) {
    BigDecimal stripped = value.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0).toPlainString() : stripped.toPlainString();
  }

  private static @Nullable Double value(@Nullable Interval interval) {
    return interval == null ? null : interval.value();
  }
}
