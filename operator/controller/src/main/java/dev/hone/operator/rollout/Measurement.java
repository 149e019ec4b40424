package dev.hone.operator.rollout;

import dev.hone.api.inference.ArmFigures;
import dev.hone.api.inference.ComparisonFigures;
import dev.hone.api.inference.RolloutFigures;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the routers counted in a stage.
 *
 * @param stable requests of the stable version
 * @param candidate requests of the candidate
 * @param shadow copies of requests that the candidate was given
 * @param comparisons what became of the comparisons
 */
public record Measurement(Arm stable, Arm candidate, Arm shadow, Comparisons comparisons) {

  /**
   * What a version did.
   *
   * @param requests requests that it was given
   * @param errors those of them that it failed
   * @param latency how long the others took
   */
  public record Arm(long requests, long errors, LatencyHistogram latency) {

    static Arm sum(List<Arm> parts) {
      return new Arm(
          parts.stream().mapToLong(Arm::requests).sum(),
          parts.stream().mapToLong(Arm::errors).sum(),
          LatencyHistogram.sum(parts.stream().map(Arm::latency).toList()));
    }

    ArmFigures figures() {
      return new ArmFigures(
          requests, errors, rounded(latency.quantile(0.5)), rounded(latency.quantile(0.99)));
    }
  }

  /**
   * The sum of the comparisons.
   *
   * @param samples requests whose two answers were compared
   * @param unlike those of them whose answers have other outputs or shapes
   * @param notANumber those of them with a value that is not a number
   * @param lastUnlike what was unlike in one of them, as a sentence
   * @param outputs the differences by output
   */
  public record Comparisons(
      long samples,
      long unlike,
      long notANumber,
      Optional<String> lastUnlike,
      Map<String, OutputDifference> outputs) {

    /** Comparisons of nothing. */
    public static Comparisons none() {
      return new Comparisons(0, 0, 0, Optional.empty(), Map.of());
    }

    static Comparisons sum(List<Comparisons> parts) {
      Map<String, OutputDifference> outputs = new LinkedHashMap<>();
      parts.forEach(
          part ->
              part.outputs()
                  .forEach((name, output) -> outputs.merge(name, output, OutputDifference::plus)));
      return new Comparisons(
          parts.stream().mapToLong(Comparisons::samples).sum(),
          parts.stream().mapToLong(Comparisons::unlike).sum(),
          parts.stream().mapToLong(Comparisons::notANumber).sum(),
          parts.stream().map(Comparisons::lastUnlike).flatMap(Optional::stream).findFirst(),
          outputs);
    }

    ComparisonFigures figures() {
      return new ComparisonFigures(
          samples,
          unlike,
          notANumber,
          outputs.values().stream().map(OutputDifference::maxAbs).reduce(Math::max).orElse(null),
          outputs.values().stream()
              .map(OutputDifference::relativeL2)
              .reduce(Math::max)
              .orElse(null),
          outputs.values().stream()
              .filter(output -> output.rows() > 0)
              .map(output -> rounded(output.sameTop() / (double) output.rows()))
              .reduce(Math::min)
              .orElse(null));
    }
  }

  /**
   * How one output differs.
   *
   * @param rows rows whose top answer was compared
   * @param sameTop those of them with the same one
   * @param maxAbs greatest difference of a value
   * @param relativeL2 greatest relative norm of the difference
   */
  public record OutputDifference(long rows, long sameTop, double maxAbs, double relativeL2) {

    OutputDifference plus(OutputDifference other) {
      return new OutputDifference(
          rows + other.rows,
          sameTop + other.sameTop,
          Math.max(maxAbs, other.maxAbs),
          Math.max(relativeL2, other.relativeL2));
    }
  }

  /** What several routers counted together. */
  public static Measurement sum(List<Measurement> parts) {
    return new Measurement(
        Arm.sum(parts.stream().map(Measurement::stable).toList()),
        Arm.sum(parts.stream().map(Measurement::candidate).toList()),
        Arm.sum(parts.stream().map(Measurement::shadow).toList()),
        Comparisons.sum(parts.stream().map(Measurement::comparisons).toList()));
  }

  /** The figures for the status. */
  RolloutFigures figures(boolean ofCopies) {
    return new RolloutFigures(
        stable.figures(), (ofCopies ? shadow : candidate).figures(), comparisons.figures());
  }

  private static double rounded(double value) {
    return Math.round(value * 10_000) / 10_000.0;
  }
}
