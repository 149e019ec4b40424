package dev.hone.operator.progress.write;

import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.progress.ApiFailures;
import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.progress.write.WriteSchedule.Idle;
import dev.hone.operator.progress.write.WriteSchedule.Wait;
import dev.hone.operator.progress.write.WriteSchedule.Write;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Writes progress in a thread of its own, one write at a time and within the budget. What arrives
 * faster replaces what waits.
 */
public final class ProgressWriter implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ProgressWriter.class);
  private static final int MAX_ATTEMPTS = 300;
  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

  private final WriteSchedule<ResourceKey, ProgressUpdate> schedule;
  private final ProgressSink sink;
  private final ReportMetrics metrics;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private boolean closed;

  /**
   * Starts to write.
   *
   * @param writesPerSecond share of the budget that is this replica's
   * @param capacity how many resources may wait at once
   */
  public ProgressWriter(
      double writesPerSecond, int capacity, ProgressSink sink, ReportMetrics metrics) {
    this.schedule = new WriteSchedule<>(new WriteBudget(writesPerSecond), capacity);
    this.sink = sink;
    this.metrics = metrics;
    metrics.waitingWrites(this, ProgressWriter::waiting);
    this.thread = Thread.ofVirtual().name("progress-writer").start(this::run);
  }

  /** Takes progress to be written soon; false if too many resources wait already. */
  public boolean offer(ProgressUpdate update) {
    lock.lock();
    try {
      boolean taken = !closed && schedule.offer(update.run().resource(), update);
      changed.signalAll();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** How many resources wait for their turn. */
  public int waiting() {
    lock.lock();
    try {
      return schedule.size();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the writing thread is alive. */
  public boolean isAlive() {
    return thread.isAlive();
  }

  /** Takes nothing more, and writes what waits as far as the time allows. */
  public void close(Duration patience) {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      if (!thread.join(patience)) {
        LOG.infof("Left %d progress reports unwritten", waiting());
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    close(Duration.ZERO);
  }

  private void run() {
    try {
      ProgressUpdate update = next();
      while (update != null) {
        write(update);
        update = next();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the next update; null if there is none and will be none. */
  private @Nullable ProgressUpdate next() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        switch (schedule.next(System.nanoTime())) {
          case Write<ResourceKey, ProgressUpdate> write -> {
            return write.value();
          }
          case Wait<ResourceKey, ProgressUpdate> wait -> awaitNanos(wait.nanos());
          case Idle<ResourceKey, ProgressUpdate> _ -> {
            if (closed) {
              return null;
            }
            changed.await();
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void awaitNanos(long nanos) throws InterruptedException {
    long left = nanos;
    while (left > 0) {
      left = changed.awaitNanos(left);
    }
  }

  private void write(ProgressUpdate update) throws InterruptedException {
    try {
      metrics.statusWrite(sink.write(update).label());
    } catch (KubernetesClientException e) {
      if (!ApiFailures.isTemporary(e)) {
        metrics.statusWrite("refused");
        LOG.warnf(
            "The API server refuses the progress of %s: %s",
            update.run().resource(), e.getMessage());
        return;
      }
      metrics.statusWrite("failed");
      retryLater(update);
    } catch (RuntimeException e) {
      metrics.statusWrite("refused");
      LOG.errorf(e, "Cannot write the progress of %s", update.run().resource());
    }
  }

  private void retryLater(ProgressUpdate update) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (update.attempts() + 1 < MAX_ATTEMPTS) {
        schedule.restore(update.run().resource(), update.afterFailure());
      }
      long left = closed ? 0 : TimeUnit.MILLISECONDS.toNanos(PAUSE_AFTER_FAILURE.toMillis());
      while (left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }
}
