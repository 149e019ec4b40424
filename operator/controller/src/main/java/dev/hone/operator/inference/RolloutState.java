package dev.hone.operator.inference;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.util.Objects;
import java.util.Optional;

/**
 * How far a Deployment is.
 *
 * @param wanted pods that are wanted
 * @param ready pods that are ready, of whatever version
 * @param available pods that are available, of whatever version
 * @param complete whether every pod is of the newest version, ready, and no other is left
 */
record RolloutState(int wanted, int ready, int available, boolean complete) {

  static RolloutState of(Optional<Deployment> deployment) {
    return deployment.map(RolloutState::of).orElse(new RolloutState(0, 0, 0, false));
  }

  private static RolloutState of(Deployment deployment) {
    int wanted = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
    DeploymentStatus status =
        Objects.requireNonNullElseGet(deployment.getStatus(), DeploymentStatus::new);
    int available = orZero(status.getAvailableReplicas());
    boolean seen =
        status.getObservedGeneration() != null
            && status.getObservedGeneration() >= deployment.getMetadata().getGeneration();
    boolean complete =
        seen
            && orZero(status.getUpdatedReplicas()) == wanted
            && orZero(status.getReplicas()) == wanted
            && available == wanted;
    return new RolloutState(wanted, orZero(status.getReadyReplicas()), available, complete);
  }

  private static int orZero(Integer number) {
    return number == null ? 0 : number;
  }
}
