package dev.hone.operator.compression;

import dev.hone.api.Reason;
import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.api.common.Measurement;
import dev.hone.api.common.Metrics;
import dev.hone.api.common.SearchPoint;
import dev.hone.api.common.SearchReport;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.api.compression.Gate;
import dev.hone.api.compression.Search;
import dev.hone.contract.ArtifactRef;
import dev.hone.contract.RunResult;
import dev.hone.operator.run.Verdict;
import dev.hone.operator.run.Verdict.Answer;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which point of a search's Pareto front counts. The runtime's own choice passes the same vectors.
 */
final class SearchChoice {

  private SearchChoice() {}

  /**
   * The point that {@code select} names, empty if there is none; without it the best of those that
   * the gate lets pass. If it lets none pass, the one that misses the fewest bounds, and of several
   * the most accurate.
   */
  static Optional<SearchPoint> of(Search search, @Nullable Gate gate, List<SearchPoint> points) {
    Integer select = search.select();
    if (select != null) {
      return points.stream().filter(point -> point.trial() == select).findFirst();
    }
    List<SearchPoint> passing = points.stream().filter(point -> misses(point, gate) == 0).toList();
    Comparator<SearchPoint> byTrial = Comparator.comparingInt(SearchPoint::trial);
    if (!passing.isEmpty()) {
      return passing.stream().min(order(search.objective()).thenComparing(byTrial));
    }
    return points.stream()
        .min(
            Comparator.<SearchPoint>comparingInt(point -> misses(point, gate))
                .thenComparingDouble(SearchChoice::lost)
                .thenComparing(byTrial));
  }

  /**
   * The result as the spec of now wants it: the artifact and the figures of the point that counts.
   */
  static RunResult apply(CompressionJobSpec spec, RunResult result) {
    Search search = spec.search();
    SearchReport report = result.search();
    if (search == null || report == null) {
      return result;
    }
    return of(search, spec.gate(), report.points())
        .or(() -> of(search.executed(), spec.gate(), report.points()))
        .map(point -> with(result, report, point))
        .orElse(result);
  }

  /** The verdict on a search, given that of the gate on the point that counts. */
  static Verdict verdict(@Nullable Search search, @Nullable SearchReport report, Verdict gate) {
    if (search == null || report == null) {
      return gate;
    }
    Integer select = search.select();
    Integer selected = report.selected();
    if (select != null && !select.equals(selected)) {
      String there =
          report.points().stream()
              .map(point -> String.valueOf(point.trial()))
              .collect(Collectors.joining(", "));
      return new Verdict(
          Answer.REJECTED,
          Reason.SELECTION_UNKNOWN,
          "spec.search.select is %d, which is not on the Pareto front: write one of %s, or remove it"
              .formatted(select, there));
    }
    boolean none = select == null && gate.answer() == Answer.REJECTED;
    String whose =
        none
            ? "no point of the Pareto front passes; the closest is trial %d: ".formatted(selected)
            : "trial %d of the Pareto front: ".formatted(selected);
    return new Verdict(gate.answer(), gate.reason(), whose + gate.message());
  }

  private static RunResult with(RunResult result, SearchReport report, SearchPoint point) {
    Metrics metrics = result.metrics();
    return new RunResult(
        result.contractVersion(),
        result.hash(),
        result.reused(),
        new ArtifactRef(
            point.artifact().uri(), point.artifact().digest(), point.artifact().sizeBytes()),
        new Metrics(metrics == null ? null : metrics.before(), point.after(), point.comparison()),
        result.training(),
        result.resumes(),
        result.steps(),
        point.export() == null ? result.export() : point.export(),
        report.select(point.trial()),
        result.lineage(),
        result.phases(),
        result.warnings());
  }

  private static int misses(SearchPoint point, @Nullable Gate gate) {
    GateDecision decision = GateDecision.of(gate, point.comparison());
    return decision.unmet().size() + decision.undecided().size();
  }

  private static Comparator<SearchPoint> order(Search.Objective objective) {
    Comparator<SearchPoint> lost = Comparator.comparingDouble(SearchChoice::lost);
    Comparator<SearchPoint> size = Comparator.comparingLong(SearchChoice::size);
    Comparator<SearchPoint> slowness = Comparator.comparingDouble(SearchChoice::slowness);
    return switch (objective) {
      case SMALLEST -> size.thenComparing(lost).thenComparing(slowness);
      case FASTEST -> slowness.thenComparing(lost).thenComparing(size);
      case MOST_ACCURATE -> lost.thenComparing(size).thenComparing(slowness);
    };
  }

  private static double lost(SearchPoint point) {
    Comparison comparison = point.comparison();
    if (comparison.accuracyDrop() != null) {
      return comparison.accuracyDrop().value();
    }
    Measurement after = point.after();
    Interval drop =
        comparison.metricDrops() == null || after.primaryMetric() == null
            ? null
            : comparison.metricDrops().get(after.primaryMetric());
    return drop == null ? Double.POSITIVE_INFINITY : drop.value();
  }

  private static long size(SearchPoint point) {
    Long bytes = point.after().sizeBytes();
    return bytes == null ? 0 : bytes;
  }

  private static double slowness(SearchPoint point) {
    Interval speedup = point.comparison().speedup();
    return speedup == null ? Double.POSITIVE_INFINITY : -speedup.value();
  }
}
