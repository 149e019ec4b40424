package dev.hone.operator.run;

import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.api.common.Measurement;
import dev.hone.api.common.Metrics;
import dev.hone.api.common.RunSummary;
import dev.hone.contract.RunResult;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Rounds results for the columns of {@code kubectl get}. */
final class RunSummaries {

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private RunSummaries() {}

  static RunSummary of(RunResult result) {
    Metrics metrics = result.metrics();
    Measurement after = metrics == null ? null : metrics.after();
    Comparison comparison = metrics == null ? null : metrics.comparison();
    Long modelBytes = after == null ? null : after.sizeBytes();
    return new RunSummary(
        after == null ? null : text(after.accuracy(), "%.1f%%"),
        bytes(modelBytes == null ? result.artifact().sizeBytes() : modelBytes),
        comparison == null ? null : text(comparison.accuracyDrop(), "%.1f"),
        comparison == null ? null : text(comparison.speedup(), "%.2fx"),
        comparison == null || comparison.sizeRatio() == null
            ? null
            : format("%.2f", comparison.sizeRatio()));
  }

  /** A number of bytes for people. */
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : format("%.1f ", value) + UNITS[unit];
  }

  private static @Nullable String text(@Nullable Interval interval, String format) {
    return interval == null ? null : format(format, interval.value());
  }

  private static String format(String format, double value) {
    String text = String.format(Locale.ROOT, format, value);
    return text.startsWith("-0.0") && text.matches("-0\\.0*%?x?") ? text.substring(1) : text;
  }
}
