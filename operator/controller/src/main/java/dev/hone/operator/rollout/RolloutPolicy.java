package dev.hone.operator.rollout;

import dev.hone.api.inference.Analysis;
import dev.hone.api.inference.CanaryStep;
import dev.hone.api.inference.Parity;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.Tolerance;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A spec.rollout with its defaults.
 *
 * @param steps stages of the canary
 * @param analysis bounds on errors and latencies
 * @param maxErrorRate share of requests that may fail
 * @param minRequests requests before anything is decided
 * @param interval time between two looks
 * @param noData what to do while there are no requests
 * @param goldenSet whether there are requests to answer before any traffic
 * @param sampleShare share of requests that is repeated and compared; 0 without parity
 * @param minSamples comparisons before anything is decided
 * @param tolerances how far outputs may be off
 * @param replicas pods that serve
 * @param surges whether the candidate's pods are added to them
 * @param mayGiveUpSurge whether a rollout goes on without surge where there is no room for it
 * @param manual whether a person goes back
 * @param soak how long the old pods stay warm
 */
public record RolloutPolicy(
    List<CanaryStep> steps,
    Analysis analysis,
    double maxErrorRate,
    int minRequests,
    Duration interval,
    Analysis.NoData noData,
    boolean goldenSet,
    double sampleShare,
    int minSamples,
    List<Tolerance> tolerances,
    int replicas,
    boolean surges,
    boolean mayGiveUpSurge,
    boolean manual,
    Duration soak) {

  private static final double ERROR_RATE = 0.01;
  private static final int REQUESTS = 100;
  private static final int INTERVAL_SECONDS = 10;
  private static final double SAMPLE_SHARE = 0.1;
  private static final int SAMPLES = 100;
  private static final int SOAK_SECONDS = 300;

  /**
   * The policy of a spec.
   *
   * @param replicas pods that serve
   * @param autoscaled whether somebody else decides how many these are
   */
  public static RolloutPolicy of(Rollout rollout, int replicas, boolean autoscaled) {
    Analysis analysis =
        rollout.analysis() == null
            ? new Analysis(null, null, null, null, null, null, null, null)
            : rollout.analysis();
    Parity parity = rollout.parity();
    return new RolloutPolicy(
        rollout.steps(),
        analysis,
        or(analysis.maxErrorRate(), ERROR_RATE),
        or(analysis.minRequests(), REQUESTS),
        Duration.ofSeconds(or(analysis.intervalSeconds(), INTERVAL_SECONDS)),
        or(analysis.noData(), Analysis.NoData.WAIT),
        parity != null && parity.goldenSet() != null,
        parity == null ? 0 : or(parity.sampleShare(), SAMPLE_SHARE),
        parity == null ? 0 : or(parity.minSamples(), SAMPLES),
        parity == null ? List.of() : parity.tolerances(),
        replicas,
        rollout.surge() != Rollout.Surge.NEVER || replicas < 2,
        (rollout.surge() == null || rollout.surge() == Rollout.Surge.AUTO)
            && replicas >= 2
            && !autoscaled
            // Its pod would be one more.
            && (parity == null || parity.reference() == null),
        rollout.rollback() == Rollout.Rollback.MANUAL,
        Duration.ofSeconds(or(rollout.soakSeconds(), SOAK_SECONDS)));
  }

  /** Whether the candidate gets copies of requests before it answers any. */
  boolean shadows() {
    return sampleShare > 0;
  }

  /** Whether the candidate's pods are added to those of the stable version in a state. */
  public boolean surges(RolloutStatus state) {
    return surges && !(mayGiveUpSurge && state.candidateReplicas() != null);
  }

  /** Pods that the candidate has in a state. */
  public int candidatePods(RolloutStatus state) {
    if (surges(state)) {
      return replicas;
    }
    Integer given = state.candidateReplicas();
    // The policy or the number of pods may have been changed since that was written.
    return Math.clamp(
        Math.max(given == null ? 0 : given, candidatePods(state.weight())), 1, replicas - 1);
  }

  /** Pods that the stable version has in a state. */
  public int stablePods(RolloutStatus state) {
    return state.candidate() == null || surges(state) ? replicas : replicas - candidatePods(state);
  }

  /** The candidate's share of the pods by its weight; each version has one at least. */
  int candidatePods(int weight) {
    return Math.clamp(Math.ceilDiv(replicas * (long) weight, 100), 1, replicas - 1);
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return Objects.requireNonNullElse(value, otherwise);
  }
}
