package dev.hone.server.batching;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A bounded queue that gives out whole batches. The oldest request always goes first, so none
 * starves; those that may share its run go with it.
 */
final class BatchQueue {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
  private final int capacity;
  private final int maxRows;
  private boolean closed;

  BatchQueue(int capacity, int maxRows) {
    this.capacity = capacity;
    this.maxRows = maxRows;
  }

  /** Adds a request, unless the queue is full or closed. */
  boolean offer(Pending pending) {
    lock.lock();
    try {
      if (closed || waiting.size() >= capacity) {
        return false;
      }
      waiting.add(pending);
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for work; empty means that the queue is closed and drained. */
  List<Pending> takeBatch() throws InterruptedException {
    lock.lock();
    try {
      while (true) {
        Pending first = waiting.poll();
        if (first != null) {
          if (!first.abandoned()) {
            return withCompanions(first);
          }
        } else if (closed) {
          return List.of();
        } else {
          changed.await();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private List<Pending> withCompanions(Pending first) {
    List<Pending> batch = new ArrayList<>();
    batch.add(first);
    int rows = first.request().rows();
    Iterator<Pending> others = waiting.iterator();
    while (others.hasNext() && rows < maxRows) {
      Pending other = others.next();
      if (other.abandoned()) {
        others.remove();
      } else if (first.sharesRunWith(other)) {
        if (rows + other.request().rows() > maxRows) {
          // Those behind it must not overtake it again and again.
          break;
        }
        rows += other.request().rows();
        batch.add(other);
        others.remove();
      }
    }
    return batch;
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
