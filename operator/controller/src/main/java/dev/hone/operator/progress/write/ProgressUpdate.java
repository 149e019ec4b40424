package dev.hone.operator.progress.write;

import dev.hone.api.common.Progress;
import dev.hone.operator.progress.Run;
import java.time.Instant;

/**
 * Progress that waits to be written.
 *
 * @param run whose progress it is
 * @param progress what becomes {@code status.progress}
 * @param time when it was so
 * @param attempts how often the API server has not taken it
 */
public record ProgressUpdate(Run run, Progress progress, Instant time, int attempts) {

  /** Progress that nobody has tried to write yet. */
  public ProgressUpdate(Run run, Progress progress, Instant time) {
    this(run, progress, time, 0);
  }

  ProgressUpdate afterFailure() {
    return new ProgressUpdate(run, progress, time, attempts + 1);
  }
}
