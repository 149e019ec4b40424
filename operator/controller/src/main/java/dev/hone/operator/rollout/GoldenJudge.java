package dev.hone.operator.rollout;

import dev.hone.api.inference.Tolerance;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a golden set shows with the tolerances. The set is the same each time, so each
 * bound holds exactly: no statistics, and nothing stays open.
 */
final class GoldenJudge {
  private static final double ROUNDING = 1e-6;

  private final List<Finding> findings = new ArrayList<>();

  private GoldenJudge() {}

  /** A finding for each bound; what no tolerance allows comes first. */
  static List<Finding> judge(List<Tolerance> tolerances, GoldenMeasurement measured) {
    GoldenJudge judge = new GoldenJudge();
    judge.answers(measured);
    tolerances.forEach(tolerance -> judge.tolerance(tolerance, measured));
    return judge.findings;
  }

  private void answers(GoldenMeasurement measured) {
    if (measured.failed() > 0) {
      String others =
          measured.failed() == 1
              ? ""
              : " (%d of %d requests are failed)".formatted(measured.failed(), measured.requests());
      findings.add(Finding.fail(measured.firstFailure().orElse("a request is failed") + others));
    } else {
      findings.add(Finding.pass("%d requests answered".formatted(measured.compared())));
    }
  }

  private void tolerance(Tolerance tolerance, GoldenMeasurement measured) {
    boolean found = false;
    for (Map.Entry<String, GoldenMeasurement.OutputDifference> entry :
        measured.outputs().entrySet()) {
      if (tolerance.output() == null || tolerance.output().equals(entry.getKey())) {
        found = true;
        output(tolerance, entry.getKey(), entry.getValue());
      }
    }
    if (!found && tolerance.output() != null && measured.failed() == 0) {
      findings.add(
          Finding.fail(
              "no answer has the output %s of spec.rollout.parity.tolerances"
                  .formatted(tolerance.output())));
    }
  }

  private void output(
      Tolerance tolerance, String name, GoldenMeasurement.OutputDifference difference) {
    atMost(
        name + " differs by %s in request " + difference.maxAbsRequest(),
        difference.maxAbs(),
        tolerance.maxAbs());
    atMost(
        name + " differs by %s relative L2 in request " + difference.relativeL2Request(),
        difference.relativeL2(),
        tolerance.relativeL2());
    Double agreement = tolerance.top1Agreement();
    if (agreement == null || difference.rows() == 0) {
      return;
    }
    // 0.07 times 100 rows is a little more than 7 in binary.
    boolean kept = difference.sameTop() >= agreement * difference.rows() - ROUNDING;
    String text =
        "%s has the right top answer in %d of %d rows (at least %s)%s"
            .formatted(
                name,
                difference.sameTop(),
                difference.rows(),
                Judge.percent(agreement),
                difference.sameTop() == difference.rows()
                    ? ""
                    : ", the first other one in request " + difference.otherTopRequest());
    findings.add(kept ? Finding.pass(text) : Finding.fail(text));
  }

  private void atMost(String text, double figure, @Nullable Double limit) {
    if (limit == null) {
      return;
    }
    String words = text.formatted(Judge.number(figure)) + " (at most " + Judge.number(limit) + ")";
    findings.add(figure <= limit ? Finding.pass(words) : Finding.fail(words));
  }
}
