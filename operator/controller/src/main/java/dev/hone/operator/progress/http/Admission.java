package dev.hone.operator.progress.http;

import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How many reports are handled at once, and whether any is taken at all. */
final class Admission {
  private final int limit;
  private final Semaphore permits;
  private volatile boolean open = true;

  Admission(int limit) {
    this.limit = limit;
    this.permits = new Semaphore(limit);
  }

  void requireOpen() throws ReportRefusedException {
    if (!open) {
      throw new ReportRefusedException(
          Refusal.STOPPING, "This replica of the operator is stopping; send the report again.");
    }
  }

  void enter() throws ReportRefusedException {
    requireOpen();
    if (!permits.tryAcquire()) {
      throw new ReportRefusedException(
          Refusal.BUSY, "Too many reports are being handled; send the report again.");
    }
  }

  void leave() {
    permits.release();
  }

  boolean isOpen() {
    return open;
  }

  void close() {
    open = false;
  }

  /** Waits until every report that was let in is answered; false if that takes too long. */
  boolean awaitEmpty(Duration patience) throws InterruptedException {
    return permits.tryAcquire(limit, patience.toMillis(), TimeUnit.MILLISECONDS);
  }
}
