package dev.hone.server.metrics;

import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
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

  private final ModelMeters meters;
  private final Clock clock;
  private final Total.Adder success = new Total.Adder();
  private final Total.Adder failure = new Total.Adder();
  private final Map<Failure, LongAdder> failures = new EnumMap<>(Failure.class);
  private final LongAdder rows = new LongAdder();
  private final Total.Adder queue = new Total.Adder();
  private final BatchStatistics.Adder compute = new BatchStatistics.Adder();
  private final LongAdder executions = new LongAdder();
  private final ConcurrentSkipListMap<Integer, BatchStatistics.Adder> batches =
      new ConcurrentSkipListMap<>();
  private volatile boolean counting = true;
  private volatile long lastInference;

  /**
   * Starts at zero.
   *
   * @param meters also get the time of each request and run
   * @param clock says when the last inference was
   */
  public ModelStatistics(ModelMeters meters, Clock clock) {
    this.meters = meters;
    this.clock = clock;
    for (Failure reason : Failure.values()) {
      failures.put(reason, new LongAdder());
    }
  }

  /** Counts nothing until {@link #resume}: what the warm-up does is nobody's request. */
  public void pause() {
    counting = false;
  }

  /** Counts again. */
  public void resume() {
    counting = true;
  }

  /**
   * A request was answered.
   *
   * @param nanos from its arrival to its answer
   */
  public void succeeded(long nanos) {
    success.add(nanos);
    meters.request().record(nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * A request was refused or failed.
   *
   * @param nanos from its arrival until then
   */
  public void failed(Failure reason, long nanos) {
    adder(reason).increment();
    failure.add(nanos);
  }

  /**
   * The model ran once.
   *
   * @param joinNanos for joining the inputs
   * @param ranNanos in the model
   * @param partNanos for parting the outputs
   */
  public void executed(int batchRows, long joinNanos, long ranNanos, long partNanos) {
    if (!counting) {
      return;
    }
    executions.increment();
    rows.add(batchRows);
    batches
        .computeIfAbsent(batchRows, size -> new BatchStatistics.Adder())
        .add(joinNanos, ranNanos, partNanos);
    meters.compute().record(ranNanos, TimeUnit.NANOSECONDS);
    meters.batch().record(batchRows);
    lastInference = clock.millis();
  }

  /**
   * A request waited and was computed, by a run that took so long.
   *
   * @param waitedNanos in the queue
   */
  public void computed(long waitedNanos, long joinNanos, long ranNanos, long partNanos) {
    if (!counting) {
      return;
    }
    queue.add(waitedNanos);
    compute.add(joinNanos, ranNanos, partNanos);
    meters.queue().record(waitedNanos, TimeUnit.NANOSECONDS);
  }

  /** Requests answered, from request to response. */
  public Total success() {
    return success.total();
  }

  /** Requests that were not. */
  public Total failure() {
    return failure.total();
  }

  /** Requests that failed for that reason. */
  public long failures(Failure reason) {
    return adder(reason).sum();
  }

  /** Rows inferred. */
  public long rows() {
    return rows.sum();
  }

  /** Runs of the model. */
  public long executions() {
    return executions.sum();
  }

  /** Requests that waited for their run. */
  public Total queue() {
    return queue.total();
  }

  /** The three parts of the runs, each counted for every request of a run. */
  public BatchStatistics compute() {
    return compute.statistics();
  }

  /** The same for every size that a run has had, counted once for a run. */
  public SortedMap<Integer, BatchStatistics> batches() {
    SortedMap<Integer, BatchStatistics> now = new TreeMap<>();
    batches.forEach((size, adder) -> now.put(size, adder.statistics()));
    return now;
  }

  /** When the model last ran, in milliseconds since 1970; 0 if it never has. */
  public long lastInference() {
    return lastInference;
  }

  private LongAdder adder(Failure reason) {
    LongAdder adder = failures.get(reason);
    if (adder == null) {
      throw new IllegalStateException("no counter for " + reason);
    }
    return adder;
  }
}
