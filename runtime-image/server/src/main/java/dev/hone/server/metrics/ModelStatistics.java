package dev.hone.server.metrics;

import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What one model version has done since it was loaded; cumulative, as Triton counts. */
public final class ModelStatistics {
  /** Why a request failed, as Triton names it. */
  public enum Failure {
    /** The queue was full, or the deadline passed in it. */
    REJECTED,
    /** The client went away. */
    CANCELED,
    /** The model failed. */
    BACKEND,
    /** The request was wrong. */
    OTHER
  }

  private final Timer latency;
  private final LongAdder successes = new LongAdder();
  private final Map<Failure, LongAdder> failures = new EnumMap<>(Failure.class);
  private final LongAdder rows = new LongAdder();
  private final LongAdder executions = new LongAdder();
  private final LongAdder requestNanos = new LongAdder();
  private final LongAdder queueNanos = new LongAdder();
  private final LongAdder computeNanos = new LongAdder();

  /**
   * Starts at zero.
   *
   * @param latency also gets the time of each answered request
   */
  public ModelStatistics(Timer latency) {
    this.latency = latency;
    for (Failure failure : Failure.values()) {
      failures.put(failure, new LongAdder());
    }
  }

  /** A request was answered. */
  public void succeeded(long nanos) {
    successes.increment();
    requestNanos.add(nanos);
    latency.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** A request was refused or failed. */
  public void failed(Failure failure) {
    adder(failure).increment();
  }

  /** The model ran once. */
  public void executed(int batchRows, long joinNanos, long ranNanos) {
    executions.increment();
    rows.add(batchRows);
  }

  /** A request waited and was computed. */
  public void computed(long waitedNanos, long joinNanos, long ranNanos, long partNanos) {
    queueNanos.add(waitedNanos);
    computeNanos.add(ranNanos);
  }

  /** Forgets what the warm-up has done. */
  public void reset() {
    rows.reset();
    executions.reset();
    queueNanos.reset();
    computeNanos.reset();
  }

  /** Requests answered. */
  public long successes() {
    return successes.sum();
  }

  /** Requests that failed for that reason. */
  public long failures(Failure failure) {
    return adder(failure).sum();
  }

  /** Rows inferred. */
  public long rows() {
    return rows.sum();
  }

  /** Runs of the model. */
  public long executions() {
    return executions.sum();
  }

  /** Time from request to response, in microseconds. */
  public long requestMicros() {
    return requestNanos.sum() / 1_000;
  }

  /** Time in the queue, in microseconds. */
  public long queueMicros() {
    return queueNanos.sum() / 1_000;
  }

  /** Time in the model, in microseconds, counted for every request of a batch. */
  public long computeMicros() {
    return computeNanos.sum() / 1_000;
  }

  private LongAdder adder(Failure failure) {
    LongAdder adder = failures.get(failure);
    if (adder == null) {
      throw new IllegalStateException("no counter for " + failure);
    }
    return adder;
  }
}
