package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.batching.Admission.Verdict;
import dev.hone.server.inference.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the queue takes, and what it predicts. */
class BatchQueueTest {
  private static final long RUN = Duration.ofMinutes(1).toNanos();

  private final ServiceTimes times = new ServiceTimes();

  private BatchQueue queue(int maxQueue, Duration maxWait) {
    return new BatchQueue(new BatchLimits(4, maxQueue, maxWait), times);
  }

  @Test
  void predictsTheRunsThatAreNeededForWhatWaits() {
    times.ran(4, RUN);
    BatchQueue queue = queue(100, Duration.ofHours(1));
    assertThat(queue.offer(request(1, "a")).predictedNanos()).isZero();
    for (int index = 0; index < 7; index++) {
      assertThat(queue.offer(request(1, "a")).admitted()).isTrue();
    }
    assertThat(queue.offer(request(1, "b")).predictedNanos()).isEqualTo(2 * RUN);
    assertThat(queue.offer(request(1, null)).predictedNanos()).isEqualTo(3 * RUN);
    assertThat(queue.offer(request(1, null)).predictedNanos()).isEqualTo(4 * RUN);
    assertThat(queue.offer(request(1, null)).predictedNanos()).isEqualTo(5 * RUN);
  }

  @Test
  void countsWhatIsLeftOfThePresentRun() throws Exception {
    times.ran(1, RUN);
    BatchQueue queue = queue(100, Duration.ofHours(1));
    queue.offer(request(1, "a"));
    queue.takeBatch();
    assertThat(queue.offer(request(1, "a")).predictedNanos())
        .isBetween(RUN - Duration.ofSeconds(30).toNanos(), RUN);
  }

  @Test
  void refusesWhatWouldWaitTooLongAndTakesItWhenTheQueueIsShorter() throws Exception {
    times.ran(1, RUN);
    BatchQueue queue = queue(100, Duration.ofSeconds(90));
    queue.offer(request(1, null));
    queue.offer(request(1, null));
    assertThat(queue.offer(request(1, null)).verdict()).isEqualTo(Verdict.TOO_LONG);

    assertThat(queue.takeBatch()).hasSize(1);
    assertThat(queue.takeBatch()).hasSize(1);
    assertThat(queue.offer(request(1, null)).verdict()).isEqualTo(Verdict.ADMITTED);
  }

  @Test
  void refusesWhatWouldWaitBeyondItsDeadline() {
    times.ran(1, RUN);
    BatchQueue queue = queue(100, Duration.ofHours(1));
    Pending hurried = until(request(1, null), Duration.ofSeconds(20));
    assertThat(queue.offer(hurried).verdict()).as("nothing waits").isEqualTo(Verdict.ADMITTED);
    assertThat(queue.offer(until(request(1, null), Duration.ofSeconds(20))).verdict())
        .isEqualTo(Verdict.TOO_LATE);
    assertThat(queue.offer(until(request(1, null), Duration.ofMinutes(9))).verdict())
        .isEqualTo(Verdict.ADMITTED);
  }

  @Test
  void whatIsTakenOutNoLongerCounts() {
    times.ran(1, RUN);
    BatchQueue queue = queue(1, Duration.ofHours(1));
    Pending gone = request(1, "a");
    queue.offer(gone);
    assertThat(queue.offer(request(1, "a")).verdict()).isEqualTo(Verdict.FULL);
    queue.remove(gone);
    assertThat(queue.size()).isZero();
    assertThat(queue.offer(request(1, "a"))).isEqualTo(new Admission(Verdict.ADMITTED, 0));
  }

  @Test
  void takesNothingOnceItIsClosedButGivesOutTheRest() throws Exception {
    BatchQueue queue = queue(100, Duration.ofHours(1));
    queue.offer(request(3, "a"));
    queue.offer(request(3, "a"));
    queue.close();
    assertThat(queue.offer(request(1, "a")).verdict()).isEqualTo(Verdict.CLOSED);
    assertThat(queue.takeBatch()).hasSize(1);
    assertThat(queue.takeBatch()).hasSize(1);
    assertThat(queue.takeBatch()).isEmpty();
  }

  private static Pending request(int rows, @Nullable Object group) {
    return new Pending(new BatchRequest(Map.of(), List.of(), rows, group), System.nanoTime());
  }

  private static Pending until(Pending pending, Duration left) {
    return new Pending(pending.request().until(Deadline.after(left)), pending.enqueuedNanos());
  }
}
