package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.batching.BatchPlanner.Candidate;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/** What holds for every batch, whatever waits. */
class BatchPlannerProperties {
  @Property
  void theOldestGoesFirst(
      @ForAll("waiting") List<Request> waiting, @ForAll @IntRange(min = 1, max = 16) int maxRows) {
    List<Request> batch = BatchPlanner.plan(waiting, maxRows);
    assertThat(batch.isEmpty()).isEqualTo(waiting.isEmpty());
    if (!batch.isEmpty()) {
      assertThat(batch.getFirst()).isSameAs(waiting.getFirst());
    }
  }

  @Property
  void companyIsOfOneGroupAndFits(
      @ForAll("waiting") List<Request> waiting, @ForAll @IntRange(min = 1, max = 16) int maxRows) {
    List<Request> batch = BatchPlanner.plan(waiting, maxRows);
    if (batch.size() > 1) {
      assertThat(batch.stream().mapToInt(Request::rows).sum()).isLessThanOrEqualTo(maxRows);
      assertThat(batch.stream().map(Request::group).distinct()).hasSize(1).doesNotContainNull();
    }
  }

  @Property
  void noneOvertakesAnotherOfItsGroup(
      @ForAll("waiting") List<Request> waiting, @ForAll @IntRange(min = 1, max = 16) int maxRows) {
    List<Request> batch = BatchPlanner.plan(waiting, maxRows);
    if (batch.isEmpty() || batch.getFirst().group() == null) {
      assertThat(batch).hasSizeLessThanOrEqualTo(1);
      return;
    }
    List<Request> sameGroup =
        waiting.stream()
            .filter(request -> batch.getFirst().group().equals(request.group()))
            .toList();
    assertThat(batch).isEqualTo(sameGroup.subList(0, batch.size()));
  }

  @Property
  void leavesNoRoomThatTheNextOfTheGroupWouldFill(
      @ForAll("waiting") List<Request> waiting, @ForAll @IntRange(min = 1, max = 16) int maxRows) {
    List<Request> batch = BatchPlanner.plan(waiting, maxRows);
    if (batch.isEmpty() || batch.getFirst().group() == null) {
      return;
    }
    int rows = batch.stream().mapToInt(Request::rows).sum();
    waiting.stream()
        .filter(request -> batch.getFirst().group().equals(request.group()))
        .skip(batch.size())
        .findFirst()
        .ifPresent(next -> assertThat(rows + next.rows()).isGreaterThan(maxRows));
  }

  @Property
  void everyRequestRunsOnceHoweverManyBatchesItTakes(
      @ForAll("waiting") List<Request> waiting, @ForAll @IntRange(min = 1, max = 16) int maxRows) {
    List<Request> left = new ArrayList<>(waiting);
    List<Request> run = new ArrayList<>();
    while (!left.isEmpty()) {
      List<Request> batch = BatchPlanner.plan(left, maxRows);
      assertThat(left).containsAll(batch);
      left.removeAll(batch);
      run.addAll(batch);
    }
    assertThat(run).containsExactlyInAnyOrderElementsOf(waiting);
  }

  @Provide
  Arbitrary<List<Request>> waiting() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 8), Arbitraries.of("a", "b", "c").injectNull(0.2))
        .as(Request::new)
        .list()
        .ofMaxSize(30);
  }

  /** Two of the same rows and group are still two. */
  static final class Request implements Candidate {
    private final int rows;
    private final @Nullable Object group;

    Request(int rows, @Nullable Object group) {
      this.rows = rows;
      this.group = group;
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public @Nullable Object group() {
      return group;
    }

    @Override
    public String toString() {
      return rows + " of " + group;
    }
  }
}
