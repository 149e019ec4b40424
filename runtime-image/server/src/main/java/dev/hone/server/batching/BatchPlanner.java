package dev.hone.server.batching;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses what runs next. */
final class BatchPlanner {
  private BatchPlanner() {}

  /** What the planner knows of a request. */
  interface Candidate {
    /** Its share of a batch. */
    int rows();

    /** Candidates of equal groups may share a run; null runs alone. */
    @Nullable Object group();
  }

  /**
   * The oldest candidate, so that none starves, and those behind it that may share its run, oldest
   * first, until one does not fit: none overtakes another of its own group.
   *
   * @param waiting oldest first
   * @param maxRows the most rows of a batch of more than one
   */
  static <T extends Candidate> List<T> plan(Iterable<T> waiting, int maxRows) {
    List<T> batch = new ArrayList<>();
    int rows = 0;
    for (T candidate : waiting) {
      if (batch.isEmpty()) {
        batch.add(candidate);
        rows = candidate.rows();
      } else if (shares(batch.getFirst(), candidate)) {
        rows += candidate.rows();
        if (rows > maxRows) {
          break;
        }
        batch.add(candidate);
      }
      if (rows >= maxRows || batch.getFirst().group() == null) {
        break;
      }
    }
    return batch;
  }

  private static boolean shares(Candidate first, Candidate other) {
    return first.group() != null && first.group().equals(other.group());
  }
}
