package dev.hone.operator.rollout;

import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.Tolerance;
import dev.hone.operator.rollout.SequentialTest.Answer;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Compares what was measured of a candidate with what the policy asks for. */
final class Judge {
  private final RolloutPolicy policy;
  private final RolloutStage stage;
  private final Measurement measured;
  private final Measurement.Arm candidate;
  private final List<Finding> findings = new ArrayList<>();

  private Judge(RolloutPolicy policy, RolloutStage stage, Measurement measured) {
    this.policy = policy;
    this.stage = stage;
    this.measured = measured;
    this.candidate = stage == RolloutStage.SHADOW ? measured.shadow() : measured.candidate();
  }

  /** A finding for each bound, the ones that end a rollout at once first. */
  static List<Finding> judge(RolloutPolicy policy, RolloutStage stage, Measurement measured) {
    Judge judge = new Judge(policy, stage, measured);
    judge.comparisons();
    judge.errors();
    judge.latency("p50", 0.5, policy.analysis().maxP50Ratio(), policy.analysis().maxP50Millis());
    judge.latency("p99", 0.99, policy.analysis().maxP99Ratio(), policy.analysis().maxP99Millis());
    return judge.findings;
  }

  private void comparisons() {
    Measurement.Comparisons compared = measured.comparisons();
    if (compared.notANumber() > 0) {
      findings.add(
          Finding.fail(
              "%d of %d compared answers hold a value that is not a number"
                  .formatted(compared.notANumber(), compared.samples())));
    }
    if (compared.unlike() > 0) {
      findings.add(
          Finding.fail(
              "%d of %d compared answers are unlike%s"
                  .formatted(
                      compared.unlike(),
                      compared.samples(),
                      compared.lastUnlike().map(text -> ": " + text).orElse(""))));
    }
    if (!policy.shadows()) {
      return;
    }
    boolean enough = compared.samples() >= policy.minSamples();
    if (stage == RolloutStage.SHADOW) {
      String text = "%d answers compared".formatted(compared.samples());
      findings.add(
          enough
              ? Finding.pass(text)
              : Finding.open(text + " (at least %d)".formatted(policy.minSamples())));
    }
    policy.tolerances().forEach(tolerance -> tolerance(tolerance, compared, enough));
  }

  private void tolerance(Tolerance tolerance, Measurement.Comparisons compared, boolean enough) {
    Map<String, Measurement.OutputDifference> outputs = outputs(tolerance, compared.outputs());
    outputs.forEach((name, difference) -> output(tolerance, name, difference, enough));
    if (outputs.isEmpty() && tolerance.output() != null && enough && stage == RolloutStage.SHADOW) {
      findings.add(Finding.noSuchOutput(tolerance));
    }
  }

  /** The outputs that a tolerance is about. */
  static <T> Map<String, T> outputs(Tolerance tolerance, Map<String, T> all) {
    String only = tolerance.output();
    if (only == null) {
      return all;
    }
    T found = all.get(only);
    return found == null ? Map.of() : Map.of(only, found);
  }

  private void output(
      Tolerance tolerance, String name, Measurement.OutputDifference difference, boolean enough) {
    Finding.atMost(name + " differs by %s", difference.maxAbs(), tolerance.maxAbs())
        .ifPresent(findings::add);
    Finding.atMost(
            name + " differs by %s relative L2", difference.relativeL2(), tolerance.relativeL2())
        .ifPresent(findings::add);
    Double agreement = tolerance.top1Agreement();
    if (agreement == null || difference.rows() == 0) {
      return;
    }
    long other = difference.rows() - difference.sameTop();
    Answer answer = SequentialTest.of(other, difference.rows(), 1 - agreement);
    String text =
        "%s has the same top answer in %d of %d rows (at least %s)"
            .formatted(name, difference.sameTop(), difference.rows(), percent(agreement));
    // After the shadow stage this was settled once, and only a failure is news.
    Answer watched = answer == Answer.FAIL ? Answer.FAIL : Answer.PASS;
    findings.add(
        new Finding(stage == RolloutStage.SHADOW ? settled(answer, enough) : watched, text));
  }

  private void errors() {
    boolean enough = candidate.requests() >= policy.minRequests();
    Answer answer =
        SequentialTest.of(candidate.errors(), candidate.requests(), policy.maxErrorRate());
    String text =
        "%d of %d %s failed (at most %s)"
            .formatted(
                candidate.errors(),
                candidate.requests(),
                stage == RolloutStage.SHADOW ? "copied requests" : "requests",
                percent(policy.maxErrorRate()));
    if (!enough && answer != Answer.FAIL) {
      text += ", at least %d requests are wanted".formatted(policy.minRequests());
    }
    findings.add(new Finding(settled(answer, enough), text));
  }

  /** Nothing passes before there is enough of it; a failure that is sure need not wait for it. */
  private static Answer settled(Answer answer, boolean enough) {
    return answer == Answer.PASS && !enough ? Answer.OPEN : answer;
  }

  private void latency(
      String name, double share, @Nullable Double maxRatio, @Nullable Double maxMillis) {
    LatencyHistogram times = candidate.latency();
    boolean enough = times.size() >= policy.minRequests();
    double figure = times.quantile(share);
    if (maxMillis != null) {
      String text = "%s is %s ms (at most %s)".formatted(name, number(figure), number(maxMillis));
      findings.add(bound(times.atLeast(share) > maxMillis, enough, figure <= maxMillis, text));
    }
    if (maxRatio == null) {
      return;
    }
    LatencyHistogram reference = measured.stable().latency();
    double base = reference.quantile(share);
    if (base == 0) {
      // At a weight of 100 the stable version answers nothing that it could be compared by.
      return;
    }
    double ratio = figure / base;
    String text =
        "%s is %s ms, %s times that of the stable version (at most %s)"
            .formatted(name, number(figure), number(ratio), number(maxRatio));
    findings.add(
        bound(
            times.atLeast(share) / reference.atMost(share) > maxRatio,
            enough && reference.size() >= policy.minRequests(),
            ratio <= maxRatio,
            text));
  }

  private static Finding bound(boolean surelyBroken, boolean enough, boolean kept, String text) {
    if (surelyBroken && enough) {
      return Finding.fail(text);
    }
    return enough && kept ? Finding.pass(text) : Finding.open(text);
  }

  static String percent(double share) {
    return number(share * 100) + "%";
  }

  /** Three digits are enough to see which side of a bound a figure is on, or close to it. */
  static String number(double value) {
    if (!Double.isFinite(value) || value >= Double.MAX_VALUE) {
      return "infinity";
    }
    String text = String.format(Locale.ROOT, "%.3g", value);
    return new BigDecimal(text).stripTrailingZeros().toPlainString();
  }
}
