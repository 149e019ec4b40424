package dev.hone.server.router;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sums up comparisons. */
final class ComparisonStatistics {

  /** A client may name outputs as it likes; what is kept of them must stay small. */
  private static final int MAX_OUTPUTS = 64;

  private final Map<String, OutputSnapshot> outputs = new LinkedHashMap<>();
  private long samples;
  private long unlike;
  private long nan;
  private @Nullable String lastUnlike;

  /** Adds a comparison. */
  synchronized void add(Comparison comparison) {
    samples++;
    if (comparison.unlike().isPresent()) {
      unlike++;
      lastUnlike = comparison.unlike().get();
      return;
    }
    nan += comparison.nan() ? 1 : 0;
    comparison
        .outputs()
        .forEach(
            (name, difference) -> {
              if (outputs.containsKey(name) || outputs.size() < MAX_OUTPUTS) {
                outputs.merge(name, OutputSnapshot.of(difference), OutputSnapshot::plus);
              }
            });
  }

  /** What was added until now. */
  synchronized Snapshot snapshot() {
    return new Snapshot(samples, unlike, nan, lastUnlike, new LinkedHashMap<>(outputs));
  }

  /**
   * The sum of comparisons.
   *
   * @param samples requests that both versions answered, and were compared
   * @param unlike those of them whose answers have other outputs, shapes or statuses
   * @param nan those with a value that is not a number where the stable version has one
   * @param lastUnlike what was unlike in the newest of the unlike, as a sentence
   * @param outputs the differences by output
   */
  record Snapshot(
      long samples,
      long unlike,
      long nan,
      @Nullable String lastUnlike,
      Map<String, OutputSnapshot> outputs) {}

  /**
   * The differences of one output; what is not finite is written as the greatest number.
   *
   * @param samples answers that have it
   * @param rows rows whose top answer was compared
   * @param sameTop those of them with the same top answer
   * @param maxAbs greatest difference of one value in any answer
   * @param maxRelativeL2 greatest relative norm of the difference of any answer
   */
  record OutputSnapshot(
      long samples, long rows, long sameTop, double maxAbs, double maxRelativeL2) {

    static OutputSnapshot of(Comparison.Difference difference) {
      return new OutputSnapshot(
          1,
          difference.rows(),
          difference.sameTop(),
          finite(difference.maxAbs()),
          finite(difference.relativeL2()));
    }

    OutputSnapshot plus(OutputSnapshot other) {
      return new OutputSnapshot(
          samples + other.samples,
          rows + other.rows,
          sameTop + other.sameTop,
          Math.max(maxAbs, other.maxAbs),
          Math.max(maxRelativeL2, other.maxRelativeL2));
    }
  }

  /** JSON has no other numbers. */
  static double finite(double value) {
    return Double.isFinite(value) ? value : Double.MAX_VALUE;
  }
}
