package dev.hone.operator.inference;

import dev.hone.api.inference.RolloutStatus;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.rollout.StageFigures;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;

/** Who tells what the routers counted. */
public interface FigureSource {

  /**
   * The figures of the stage that a rollout is in.
   *
   * @param owner the resource
   * @param state its rollout, in a stage in which there are requests
   * @param routers its ready routers
   */
  StageFigures look(Owner owner, RolloutStatus state, List<Pod> routers);
}
