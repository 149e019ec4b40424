package dev.hone.server.batching;

import dev.hone.server.batching.Admission.Verdict;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Gives out whole batches, the oldest request first, and takes a request only if it can predict
 * that it will not wait too long.
 */
final class BatchQueue {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
  private final Map<Object, Integer> rowsOfGroups = new HashMap<>();
  private final BatchLimits limits;
  private final ServiceTimes times;
  private int runningRows;
  private long runningSince;
  private boolean closed;

  BatchQueue(BatchLimits limits, ServiceTimes times) {
    this.limits = limits;
    this.times = times;
  }

  /** Adds a request, unless it would wait too long. */
  Admission offer(Pending pending) {
    lock.lock();
    try {
      long now = System.nanoTime();
      long predicted = predictedWait(now);
      Verdict verdict = verdict(pending, predicted, now);
      if (verdict == Verdict.ADMITTED) {
        waiting.add(pending);
        rowsOfGroups.merge(group(pending), pending.rows(), Integer::sum);
        changed.signal();
      }
      return new Admission(verdict, predicted);
    } finally {
      lock.unlock();
    }
  }

  private Verdict verdict(Pending pending, long predicted, long now) {
    if (closed) {
      return Verdict.CLOSED;
    }
    if (waiting.size() >= limits.maxQueue()) {
      return Verdict.FULL;
    }
    if (predicted > limits.maxWait().toNanos()) {
      return Verdict.TOO_LONG;
    }
    // What has passed already is the worker's to refuse: nothing here predicts it.
    long left = pending.request().deadline().leftAt(now);
    return left > 0 && predicted > left ? Verdict.TOO_LATE : Verdict.ADMITTED;
  }

  /** What is left of the present run, and the runs of what waits. */
  private long predictedWait(long now) {
    long nanos =
        runningRows == 0 ? 0 : Math.max(times.estimate(runningRows) - (now - runningSince), 0);
    for (int rows : rowsOfGroups.values()) {
      int full = rows / limits.maxRows();
      int rest = rows % limits.maxRows();
      nanos += full * times.estimate(limits.maxRows()) + (rest == 0 ? 0 : times.estimate(rest));
    }
    return nanos;
  }

  /** Requests that run alone are groups of their own. */
  private static Object group(Pending pending) {
    return pending.group() == null ? pending : pending.group();
  }

  /** Waits for work; empty means that the queue is closed and drained. */
  List<Pending> takeBatch() throws InterruptedException {
    lock.lock();
    try {
      runningRows = 0;
      while (waiting.isEmpty()) {
        if (closed) {
          return List.of();
        }
        changed.await();
      }
      List<Pending> batch = BatchPlanner.plan(waiting, limits.maxRows());
      removeInOrder(batch);
      runningRows = batch.stream().mapToInt(Pending::rows).sum();
      runningSince = System.nanoTime();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void removeInOrder(List<Pending> batch) {
    Iterator<Pending> from = waiting.iterator();
    for (Pending chosen : batch) {
      while (from.next() != chosen) {
        // Those in between go on waiting.
      }
      from.remove();
      left(chosen);
    }
  }

  private void left(Pending pending) {
    rowsOfGroups.computeIfPresent(
        group(pending), (group, rows) -> rows == pending.rows() ? null : rows - pending.rows());
  }

  /** Takes a request out again that nobody waits for any more. */
  void remove(Pending pending) {
    lock.lock();
    try {
      if (waiting.remove(pending)) {
        left(pending);
      }
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  /** Takes nothing more; what waits is still given out. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
