package dev.hone.server.image;

import java.util.concurrent.Semaphore;

/**
 * The memory that all images together may take while they are decoded. Some tiny files unpack to
 * gigabytes, and a server that runs out of memory ends.
 */
public final class DecodeMemory {
  private static final int UNIT = 1024;

  private final int units;
  private final Semaphore free;

  /** So many bytes for all that are decoded at the same time. */
  public DecodeMemory(long bytes) {
    this.units = Math.toIntExact(Math.min(Math.max(bytes / UNIT, 1), Integer.MAX_VALUE));
    // Fair, or a large image would wait as long as small ones come.
    this.free = new Semaphore(units, true);
  }

  /** In bytes. */
  long size() {
    return (long) units * UNIT;
  }

  /** Whether that many bytes can be had at all. */
  boolean holds(long bytes) {
    return bytes <= size();
  }

  /** Whether somebody waits for some. */
  boolean awaited() {
    return free.hasQueuedThreads();
  }

  /**
   * Waits until that many bytes are free.
   *
   * @return gives them back when closed
   */
  Share take(long bytes) {
    int wanted = Math.toIntExact((bytes + UNIT - 1) / UNIT);
    free.acquireUninterruptibly(wanted);
    return () -> free.release(wanted);
  }

  /** Bytes that somebody has. */
  interface Share extends AutoCloseable {
    @Override
    void close();
  }
}
