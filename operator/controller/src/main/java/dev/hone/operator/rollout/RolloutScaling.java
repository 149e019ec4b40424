package dev.hone.operator.rollout;

import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import java.time.Duration;
import java.time.Instant;

/**
 * What an autoscaler does in a rollout: it follows the version that answers most of the requests,
 * and only adds pods until the load that it has seen is that of one version again. Otherwise it
 * would take pods from the stable version for requests that a rollback gives it back. Pure.
 *
 * @param target the version whose pods are scaled; the other one has as many
 * @param calm how long it still must not take pods away; zero once it may
 */
public record RolloutScaling(ServedModel target, Duration calm) {
  private static final int HALF = 50;

  /**
   * What it does in a state.
   *
   * @param window over how long an autoscaler looks back before it takes pods away
   */
  public static RolloutScaling of(RolloutStatus state, Duration window, Instant now) {
    ServedModel candidate = state.candidate();
    if (candidate != null || state.stage() == RolloutStage.PREPARING) {
      return new RolloutScaling(
          candidate != null && state.weight() > HALF ? candidate : state.stable(), window);
    }
    Duration left = Duration.between(now, Instant.parse(state.since()).plus(window));
    return new RolloutScaling(state.stable(), left.isNegative() ? Duration.ZERO : left);
  }

  /** Whether it may take pods away. */
  public boolean scalesDown() {
    return calm.isZero();
  }
}
