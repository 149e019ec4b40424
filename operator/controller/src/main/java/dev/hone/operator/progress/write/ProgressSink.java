package dev.hone.operator.progress.write;

import java.util.Locale;

/** Where progress is written to. */
@FunctionalInterface
public interface ProgressSink {

  /** Writes progress; anything but an outcome is thrown as the client's exception. */
  Outcome write(ProgressUpdate update);

  /** What became of a write. */
  enum Outcome {
    /** The API server has taken it. */
    WRITTEN,
    /**
     * The resource is gone, runs something else or knows newer progress: there is no use for it.
     */
    OBSOLETE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
