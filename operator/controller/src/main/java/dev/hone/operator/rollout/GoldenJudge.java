package dev.hone.operator.rollout;

import dev.hone.api.inference.Tolerance;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
    Map<String, GoldenMeasurement.OutputDifference> outputs =
        Judge.outputs(tolerance, measured.outputs());
    outputs.forEach((name, output) -> output(tolerance, name, output));
    if (outputs.isEmpty() && tolerance.output() != null && measured.failed() == 0) {
      findings.add(Finding.noSuchOutput(tolerance));
    }
  }

  private void output(Tolerance tolerance, String name, GoldenMeasurement.OutputDifference output) {
    Measurement.OutputDifference difference = output.difference();
    Finding.atMost(
            name + " differs by %s in request " + output.maxAbsRequest(),
            difference.maxAbs(),
            tolerance.maxAbs())
        .ifPresent(findings::add);
    Finding.atMost(
            name + " differs by %s relative L2 in request " + output.relativeL2Request(),
            difference.relativeL2(),
            tolerance.relativeL2())
        .ifPresent(findings::add);
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
                    : ", the first other one in request " + output.otherTopRequest());
    findings.add(kept ? Finding.pass(text) : Finding.fail(text));
  }
}
