package dev.hone.operator.progress.write;

import dev.hone.api.common.ProgressSummary;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Rounds progress for the columns of {@code kubectl get}. */
public final class ProgressSummaries {
  private ProgressSummaries() {}

  /** The summary of the given figures. */
  public static ProgressSummary of(
      double percent,
      @Nullable Long step,
      @Nullable Long totalSteps,
      @Nullable Double loss,
      @Nullable Double etaSeconds) {
    return new ProgressSummary(
        percent(percent),
        steps(step, totalSteps),
        loss == null ? null : String.format(Locale.ROOT, "%.4f", loss),
        etaSeconds == null ? null : duration(etaSeconds));
  }

  /** Rounds down: a run that is not done never shows 100%. */
  private static String percent(double percent) {
    return (int) Math.floor(percent) + "%";
  }

  private static @Nullable String steps(@Nullable Long step, @Nullable Long totalSteps) {
    if (step == null) {
      return null;
    }
    return totalSteps == null ? step.toString() : step + "/" + totalSteps;
  }

  private static String duration(double seconds) {
    Duration duration = Duration.ofSeconds((long) Math.ceil(seconds));
    if (duration.toDays() > 0) {
      return "%dd%dh".formatted(duration.toDays(), duration.toHoursPart());
    }
    if (duration.toHours() > 0) {
      return "%dh%dm".formatted(duration.toHours(), duration.toMinutesPart());
    }
    if (duration.toMinutes() > 0) {
      return "%dm%ds".formatted(duration.toMinutes(), duration.toSecondsPart());
    }
    return duration.toSeconds() + "s";
  }
}
