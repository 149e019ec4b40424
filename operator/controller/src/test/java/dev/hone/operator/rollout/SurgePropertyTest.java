package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.Rollout.Surge;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SurgePropertyTest {
  private static final ServedModel A = new ServedModel("pvc://m/a", null, null);
  private static final ServedModel B = new ServedModel("pvc://m/b", null, null);

  private static RolloutPolicy policy(Surge surge, int replicas) {
    return RolloutPolicy.of(new Rollout(List.of(), null, null, surge, null, null), replicas, false);
  }

  /** A candidate that is starting. */
  private static RolloutStatus state(RolloutPolicy policy) {
    RolloutStateMachine machine = new RolloutStateMachine(policy, 1, Instant.EPOCH);
    RolloutStatus first = machine.next(A, machine.first(A), RolloutFacts.ofStable(true));
    return machine.next(B, first, RolloutFacts.ofStable(true));
  }

  @Property
  void theTwoVersionsShareThePods(
      @ForAll @IntRange(min = 2, max = 1000) int replicas,
      @ForAll @IntRange(min = 1, max = 100) int weight,
      @ForAll @IntRange(min = 1, max = 1000) int edited) {
    RolloutPolicy policy = policy(Surge.NEVER, replicas);
    int candidate = policy.candidatePods(weight);
    RolloutStatus state = state(policy).withCandidateReplicas(candidate);
    assertThat(policy.candidatePods(state)).isEqualTo(candidate).isBetween(1, replicas - 1);
    assertThat(policy.candidatePods(state) + policy.stablePods(state)).isEqualTo(replicas);
    // Enough for its share of the requests, where it may have that much.
    assertThat(candidate * 100L)
        .isGreaterThanOrEqualTo(Math.min(weight * (long) replicas, (replicas - 1) * 100L));
    if (weight < 100) {
      assertThat(policy.candidatePods(weight + 1)).isGreaterThanOrEqualTo(candidate);
    }
    // Whatever stands in the status from before the number of pods was changed.
    RolloutStatus old = state.withCandidateReplicas(edited);
    assertThat(policy.candidatePods(old)).isBetween(1, replicas - 1);
    assertThat(policy.candidatePods(old) + policy.stablePods(old)).isEqualTo(replicas);
    RolloutStatus canary =
        new RolloutStatus(
            RolloutStage.CANARY, A, B, 1, weight, "", "", null, null, null, null, null);
    assertThat(policy.candidatePods(canary)).isEqualTo(candidate);
    assertThat(policy.candidatePods(canary.withCandidateReplicas(edited)))
        .isBetween(candidate, replicas - 1);
  }

  @Property
  void otherwiseEachVersionHasAllPods(@ForAll @IntRange(min = 0, max = 1000) int replicas) {
    RolloutPolicy policy = policy(Surge.AUTO, replicas);
    RolloutStatus state = state(policy);
    assertThat(state.candidateReplicas()).isNull();
    assertThat(policy.candidatePods(state)).isEqualTo(replicas);
    assertThat(policy.stablePods(state)).isEqualTo(replicas);
  }

  /** A candidate whose pods have no room, so many seconds after it began. */
  private static RolloutStatus withoutRoom(RolloutPolicy policy, RolloutStatus state, int seconds) {
    return new RolloutStateMachine(policy, 1, Instant.EPOCH.plusSeconds(seconds))
        .next(
            B,
            state,
            new RolloutFacts(
                true,
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.of("nvidia.com/gpu"),
                Optional.empty(),
                StageFigures.none("there are no requests")));
  }

  @Property
  void surgeIsGivenUpOnlyWhereBothVersionsCanHaveAPod(
      @ForAll Surge surge,
      @ForAll @IntRange(min = 1, max = 1000) int replicas,
      @ForAll @IntRange(min = 0, max = 600) int seconds) {
    RolloutPolicy policy = policy(surge, replicas);
    RolloutStatus before = state(policy);
    RolloutStatus after = withoutRoom(policy, before, seconds);
    boolean givenUp = surge == Surge.AUTO && replicas >= 2 && seconds >= 120;
    assertThat(after.candidateReplicas())
        .isEqualTo(givenUp ? Integer.valueOf(1) : before.candidateReplicas());
    assertThat(policy.stablePods(after)).isGreaterThanOrEqualTo(1);
    if (givenUp) {
      assertThat(policy.candidatePods(after)).isEqualTo(1);
      assertThat(policy.stablePods(after)).isEqualTo(replicas - 1);
      assertThat(after.decision()).contains("without surge", "nvidia.com/gpu");
      // It stays so until the rollout ends.
      assertThat(withoutRoom(policy, after, seconds + 600).candidateReplicas()).isEqualTo(1);
    }
  }
}
