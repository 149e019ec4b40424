package dev.hone.operator.compression;

import dev.hone.api.Reason;
import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.api.compression.Gate;
import dev.hone.api.compression.MetricBound;
import dev.hone.operator.run.Verdict;
import dev.hone.operator.run.Verdict.Answer;
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
  private final List<String> undecided = new ArrayList<>();
  private final List<String> unmeasured = new ArrayList<>();
  private final List<String> figures = new ArrayList<>();
  private final boolean byInterval;

  private GateDecision(boolean byInterval) {
    this.byInterval = byInterval;
  }

  /** Decides; without a gate everything is accepted. */
  public static GateDecision of(@Nullable Gate gate, @Nullable Comparison comparison) {
    if (gate == null) {
      return new GateDecision(false);
    }
    GateDecision decision = new GateDecision(gate.confidence() == Gate.Confidence.INTERVAL);
    Comparison measured = comparison == null ? Comparison.NONE : comparison;
    decision.atMost(
        "maxAccuracyDrop",
        gate.maxAccuracyDrop(),
        measured.accuracyDrop(),
        "accuracy drop",
        " points");
    decision.metric(gate.metric(), measured);
    decision.atLeast("minAgreement", gate.minAgreement(), agreement(measured), "agreement", "");
    decision.atMost(
        "maxSizeRatio", gate.maxSizeRatio(), certain(measured.sizeRatio()), "size ratio", "");
    decision.speedup(gate.minSpeedup(), measured);
    return decision;
  }

  private void metric(@Nullable MetricBound bound, Comparison measured) {
    if (bound != null) {
      atMost(
          "metric", bound.maxDrop(), of(measured.metricDrops(), bound), bound.name() + " drop", "");
      atMost(
          "metric",
          bound.maxRatio(),
          of(measured.metricRatios(), bound),
          bound.name() + " ratio",
          "");
    }
  }

  private void speedup(@Nullable Double bound, Comparison measured) {
    String why = measured.speedupUnknown();
    if (bound != null && measured.speedup() == null && why != null) {
      undecided.add("minSpeedup");
      figures.add("speedup is not known (" + why + "), allowed is at least " + exact(bound) + "x");
    } else {
      atLeast("minSpeedup", bound, measured.speedup(), "speedup", "x");
    }
  }

  /** Whether every bound is met. */
  public boolean accepted() {
    return unmet.isEmpty() && undecided.isEmpty();
  }

  /** Names of the bounds that are not met, in the order of the gate's fields. */
  public List<String> unmet() {
    return List.copyOf(unmet);
  }

  /** Names of the bounds whose figure belongs to a device that the run did not have. */
  public List<String> undecided() {
    return List.copyOf(undecided);
  }

  /** The decision as a condition, with the figures. */
  public Verdict verdict() {
    if (figures.isEmpty()) {
      return new Verdict(
          Answer.ACCEPTED, Reason.NO_GATE, "spec.gate has no bound: any result is accepted");
    }
    String text = String.join("; ", figures);
    if (accepted()) {
      return new Verdict(Answer.ACCEPTED, Reason.GATE_MET, "the gate is met: " + text);
    }
    if (unmet.isEmpty()) {
      return new Verdict(
          Answer.UNKNOWN,
          Reason.GATE_UNDECIDED,
          "the gate is undecided (" + String.join(", ", undecided) + "): " + text);
    }
    Reason reason = unmeasured.containsAll(unmet) ? Reason.GATE_NOT_MEASURED : Reason.GATE_NOT_MET;
    return new Verdict(
        Answer.REJECTED, reason, "the gate is not met (" + String.join(", ", unmet) + "): " + text);
  }

  private void atMost(
      String bound, @Nullable Double limit, @Nullable Interval figure, String name, String unit) {
    if (limit != null) {
      Double decisive = figure == null ? null : decisive(figure, figure.high());
      boolean met = decisive != null && decisive <= limit;
      judge(bound, limit, figure, decisive, met, name, "at most ", unit);
    }
  }

  private void atLeast(
      String bound, @Nullable Double limit, @Nullable Interval figure, String name, String unit) {
    if (limit != null) {
      Double decisive = figure == null ? null : decisive(figure, figure.low());
      boolean met = decisive != null && decisive >= limit;
      judge(bound, limit, figure, decisive, met, name, "at least ", unit);
    }
  }

  private @Nullable Double decisive(Interval figure, @Nullable Double edge) {
    if (byInterval) {
      return edge;
    }
    return figure.value();
  }

  private void judge(
      String bound,
      double limit,
      @Nullable Interval figure,
      @Nullable Double decisive,
      boolean met,
      String name,
      String side,
      String unit) {
    if (!met) {
      unmet.add(bound);
    }
    String allowed = ", allowed is " + side + exact(limit) + unit;
    if (figure == null) {
      unmeasured.add(bound);
      figures.add(name + " was not measured" + allowed);
      return;
    }
    String shown = round(figure.value(), limit) + unit;
    if (decisive == null) {
      unmeasured.add(bound);
      figures.add(name + " " + shown + " has no interval" + allowed);
      return;
    }
    String edge =
        decisive == figure.value()
            ? ""
            : " (" + round(decisive, limit) + unit + " by its interval)";
    figures.add(name + " " + shown + edge + allowed);
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

  private static @Nullable Interval of(
      @Nullable Map<String, Interval> intervals, MetricBound bound) {
    return intervals == null ? null : intervals.get(bound.name());
  }

  /** The results of earlier versions have no interval, and nor has a single row. */
  private static @Nullable Interval agreement(Comparison measured) {
    Interval interval = measured.agreementInterval();
    return interval == null ? certain(measured.agreement()) : interval;
  }

  /** A figure that is known without doubt, as a size is, or that has no interval of its own. */
  private static @Nullable Interval certain(@Nullable Double value) {
    return value == null ? null : new Interval(value, value, value);
  }
}
