package dev.hone.server.router;

import io.vertx.core.Future;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Repeats answered requests to the other version and compares the answers. It never keeps a client
 * waiting, and gives samples up rather than pile them up.
 */
final class Shadow implements AutoCloseable {
  private static final int MOST_ON_THEIR_WAY = 64;
  private static final int MOST_WAITING = 64;

  private final InFlight clients;
  private final AtomicInteger onTheirWay = new AtomicInteger();

  /** Answers may be large, and reading them would hold up an event loop. */
  private final ThreadPoolExecutor comparing =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MOST_WAITING),
          Thread.ofPlatform().name("compare").daemon().factory());

  /**
   * @param clients the requests of clients that are on their way
   */
  Shadow(InFlight clients) {
    this.clients = clients;
  }

  /**
   * Repeats a request, unless the other version has as many to answer as clients have on their way:
   * with more at once, its time would be that of a queue which the clients' answers never stood in.
   *
   * @param arm the version that answered it
   * @param answer its answer
   * @param copy sends the same to another version
   */
  void repeat(
      ActiveRouting.State state,
      Arm arm,
      Reply answer,
      Function<Backend, ? extends Future<? extends Reply>> copy) {
    // The repeated request's own client has its answer, and may no longer be counted.
    int most = Math.min(clients.now() + 1, MOST_ON_THEIR_WAY);
    if (onTheirWay.incrementAndGet() > most) {
      onTheirWay.decrementAndGet();
      state.statistics().drop();
      return;
    }
    Arm other = arm.other();
    long sent = System.nanoTime();
    copy.apply(state.routing().backend(other))
        .onComplete(
            result -> {
              onTheirWay.decrementAndGet();
              long nanos = System.nanoTime() - sent;
              if (other == Arm.CANDIDATE) {
                count(state.statistics().shadow(), answer, result.result(), nanos);
              }
              if (result.succeeded()) {
                compare(
                    state.statistics(),
                    arm == Arm.STABLE ? answer : result.result(),
                    arm == Arm.STABLE ? result.result() : answer);
              }
            });
  }

  private static void count(
      ArmStatistics shadow, Reply stable, @Nullable Reply candidate, long nanos) {
    if (candidate == null) {
      shadow.unanswered();
    } else {
      shadow.answered(nanos, candidate.isServerError() || (stable.isGood() && !candidate.isGood()));
    }
  }

  private void compare(Statistics statistics, Reply stable, Reply candidate) {
    if (!stable.isGood() || !candidate.isGood()) {
      // Counted as an error where it is one; there are no outputs to compare.
      return;
    }
    try {
      comparing.execute(() -> statistics.comparisons().add(difference(stable, candidate)));
    } catch (RejectedExecutionException e) {
      statistics.drop();
    }
  }

  private static Comparison difference(Reply stable, Reply candidate) {
    try {
      return Comparison.of(stable.outputs(), candidate.outputs());
    } catch (IOException | RuntimeException e) {
      return Comparison.unlike("an answer cannot be read: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    comparing.shutdownNow();
  }
}
