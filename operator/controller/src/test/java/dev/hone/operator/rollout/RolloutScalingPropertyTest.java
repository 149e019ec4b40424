package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.inference.CanaryStep;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.UniqueElements;

class RolloutScalingPropertyTest {
  private static final ServedModel A = new ServedModel("pvc://m/a", null, null);
  private static final ServedModel B = new ServedModel("pvc://m/b", null, null);
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /** All states of a rollout with those steps, as long as nothing fails. */
  private static List<RolloutStatus> states(List<Integer> weights) {
    List<CanaryStep> steps =
        weights.stream().sorted().map(weight -> new CanaryStep(weight, 0)).toList();
    RolloutPolicy policy =
        RolloutPolicy.of(new Rollout(steps, null, null, null, null, 1000), 4, true);
    Measurement fine =
        new Measurement(
            arm(), arm(), arm(), new Measurement.Comparisons(0, 0, 0, Optional.empty(), Map.of()));
    RolloutFacts facts =
        new RolloutFacts(
            true,
            true,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            StageFigures.of(fine, START.plus(Duration.ofDays(1000))));
    List<RolloutStatus> states = new ArrayList<>();
    Instant now = START;
    RolloutStateMachine machine = new RolloutStateMachine(policy, 1, now);
    RolloutStatus state = machine.next(A, machine.first(A), RolloutFacts.ofStable(true));
    while (state.stage() != RolloutStage.COMPLETE || !state.stable().equals(B)) {
      now = now.plusSeconds(1000);
      state = new RolloutStateMachine(policy, 1, now).next(B, state, facts);
      states.add(state);
    }
    return states;
  }

  private static Measurement.Arm arm() {
    return new Measurement.Arm(10_000, 0, new LatencyHistogram(Map.of(2000L, 10_000L)));
  }

  @Property(tries = 200)
  void itMovesOnceToTheVersionWithMostRequestsAndTakesNothingAwayUntilItIsOver(
      @ForAll @Size(min = 0, max = 10) @UniqueElements
          List<@IntRange(min = 1, max = 99) Integer> weights) {
    int moves = 0;
    ServedModel target = A;
    for (RolloutStatus state : states(weights)) {
      Instant since = Instant.parse(state.since());
      RolloutScaling scaling = RolloutScaling.of(state, WINDOW, since);
      assertThat(scaling.scalesDown()).as(state.stage().text()).isFalse();
      assertThat(scaling.target())
          .isEqualTo(state.weight() > 50 || state.stable().equals(B) ? B : A);
      if (!scaling.target().equals(target)) {
        moves++;
        target = scaling.target();
      }
      boolean over = state.candidate() == null;
      assertThat(RolloutScaling.of(state, WINDOW, since.plus(WINDOW)).scalesDown()).isEqualTo(over);
      assertThat(RolloutScaling.of(state, WINDOW, since.plus(WINDOW).minusMillis(1)).scalesDown())
          .isFalse();
      assertThat(RolloutScaling.of(state, WINDOW, since.plusSeconds(10)).calm())
          .isEqualTo(over ? WINDOW.minusSeconds(10) : WINDOW);
    }
    assertThat(moves).isEqualTo(1);
    assertThat(target).isEqualTo(B);
  }

  @Property
  void itComesBackWithARollback(@ForAll @IntRange(min = 0, max = 100) int weight) {
    RolloutStatus failing =
        new RolloutStatus(
            RolloutStage.CANARY,
            A,
            B,
            1,
            weight,
            START.toString(),
            "",
            null,
            null,
            null,
            null,
            null);
    RolloutStatus back =
        new RolloutStatus(
            RolloutStage.ROLLED_BACK,
            A,
            null,
            null,
            0,
            START.toString(),
            "",
            null,
            B,
            1L,
            null,
            null);
    assertThat(RolloutScaling.of(failing, WINDOW, START).target()).isEqualTo(weight > 50 ? B : A);
    assertThat(RolloutScaling.of(back, WINDOW, START)).isEqualTo(new RolloutScaling(A, WINDOW));
    assertThat(RolloutScaling.of(back, WINDOW, START.plus(WINDOW)).scalesDown()).isTrue();
  }
}
