package dev.hone.operator.progress.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.progress.write.WriteSchedule.Idle;
import dev.hone.operator.progress.write.WriteSchedule.Wait;
import dev.hone.operator.progress.write.WriteSchedule.Write;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Whatever arrives, and whenever: the budget holds, the newest wins, and everybody gets a turn. */
class WriteSchedulePropertyTest {

  /** A report for one key, so many milliseconds after the one before. */
  record Arrival(int key, int afterMillis) {}

  /** A write: when, to which key, and the number of the arrival that was written. */
  record Written(long nanos, int key, int arrival) {}

  @Property
  void noSecondSeesMoreWritesThanTheBudget(
      @ForAll("arrivals") List<Arrival> arrivals, @ForAll @IntRange(min = 1, max = 50) int rate) {
    List<Written> written = new Simulation(rate).run(arrivals);

    for (int first = 0; first < written.size(); first++) {
      long end = written.get(first).nanos() + TimeUnit.SECONDS.toNanos(1);
      assertThat(written.stream().skip(first).filter(w -> w.nanos() < end).count())
          .isLessThanOrEqualTo(rate);
    }
  }

  @Property
  void eachWriteIsTheNewestOfItsKeyAtThatTime(
      @ForAll("arrivals") List<Arrival> arrivals, @ForAll @IntRange(min = 1, max = 50) int rate) {
    for (Written write : new Simulation(rate).run(arrivals)) {
      assertThat(write.arrival()).isEqualTo(newest(arrivals, write.key(), write.nanos()));
    }
  }

  @Property
  void theLastReportOfEachKeyIsWrittenInTheEnd(
      @ForAll("arrivals") List<Arrival> arrivals, @ForAll @IntRange(min = 1, max = 50) int rate) {
    Map<Integer, Integer> last = new HashMap<>();
    new Simulation(rate).run(arrivals).forEach(write -> last.put(write.key(), write.arrival()));

    Map<Integer, Integer> expected = new HashMap<>();
    for (int i = 0; i < arrivals.size(); i++) {
      expected.put(arrivals.get(i).key(), i);
    }
    assertThat(last).isEqualTo(expected);
  }

  @Property
  void nobodyIsWrittenTwiceWhileAnotherWaits(
      @ForAll("arrivals") List<Arrival> arrivals, @ForAll @IntRange(min = 1, max = 50) int rate) {
    Simulation simulation = new Simulation(rate);
    List<Written> written = simulation.run(arrivals);

    for (int i = 0; i < written.size(); i++) {
      for (int j = i + 1; j < written.size(); j++) {
        if (written.get(i).key() != written.get(j).key()) {
          continue;
        }
        int from = i;
        int to = j;
        assertThat(simulation.waitingAfter.get(i))
            .allSatisfy(
                key ->
                    assertThat(written.subList(from + 1, to))
                        .extracting(Written::key)
                        .contains(key));
        break;
      }
    }
  }

  @Property
  void thereIsNoRoomForMoreKeysThanTheCapacity(
      @ForAll("arrivals") List<Arrival> arrivals,
      @ForAll @IntRange(min = 1, max = 6) int capacity) {
    var schedule = new WriteSchedule<Integer, Integer>(new WriteBudget(1), capacity);
    for (Arrival arrival : arrivals) {
      int before = schedule.size();
      boolean taken = schedule.offer(arrival.key(), 0);
      assertThat(schedule.size()).isLessThanOrEqualTo(capacity);
      assertThat(taken || before == capacity).isTrue();
    }
  }

  private static int newest(List<Arrival> arrivals, int key, long until) {
    long now = 0;
    int newest = -1;
    for (int i = 0; i < arrivals.size(); i++) {
      now += TimeUnit.MILLISECONDS.toNanos(arrivals.get(i).afterMillis());
      if (now <= until && arrivals.get(i).key() == key) {
        newest = i;
      }
    }
    return newest;
  }

  @Provide
  Arbitrary<List<Arrival>> arrivals() {
    Arbitrary<Integer> keys = Arbitraries.integers().between(0, 8);
    Arbitrary<Integer> gaps =
        Arbitraries.frequencyOf(
            Tuple.of(3, Arbitraries.just(0)), Tuple.of(2, Arbitraries.integers().between(1, 300)));
    return Combinators.combine(keys, gaps).as(Arrival::new).list().ofMaxSize(120);
  }

  /** Offers and writes in simulated time, as a writer that is always quick enough would. */
  private static final class Simulation {
    private final WriteSchedule<Integer, Integer> schedule;
    private final List<Written> written = new ArrayList<>();
    private final List<List<Integer>> waitingAfter = new ArrayList<>();
    private final List<Integer> waiting = new ArrayList<>();
    private long now;

    Simulation(int rate) {
      schedule = new WriteSchedule<>(new WriteBudget(rate), 100);
    }

    List<Written> run(List<Arrival> arrivals) {
      for (int i = 0; i < arrivals.size(); i++) {
        Arrival arrival = arrivals.get(i);
        long at = now + TimeUnit.MILLISECONDS.toNanos(arrival.afterMillis());
        if (arrival.afterMillis() > 0) {
          writeUntil(at);
        }
        now = at;
        assertThat(schedule.offer(arrival.key(), i)).isTrue();
        if (!waiting.contains(arrival.key())) {
          waiting.add(arrival.key());
        }
      }
      writeUntil(Long.MAX_VALUE);
      return written;
    }

    /** Writes what may be written before the given time; then nothing of that time is due yet. */
    private void writeUntil(long end) {
      while (now < end) {
        switch (schedule.next(now)) {
          case Write<Integer, Integer> write -> {
            written.add(new Written(now, write.key(), write.value()));
            waiting.remove(write.key());
            waitingAfter.add(List.copyOf(waiting));
          }
          case Wait<Integer, Integer> wait -> now = Math.min(end, now + wait.nanos());
          case Idle<Integer, Integer> _ -> {
            return;
          }
        }
      }
    }
  }
}
