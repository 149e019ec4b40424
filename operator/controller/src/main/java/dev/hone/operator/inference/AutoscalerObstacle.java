package dev.hone.operator.inference;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerCondition;
import java.util.Optional;
import java.util.Set;

/** Why an autoscaler cannot decide, in its own words. */
final class AutoscalerObstacle {

  private static final Set<String> TYPES = Set.of("AbleToScale", "ScalingActive");

  private AutoscalerObstacle() {}

  static Optional<String> of(HorizontalPodAutoscaler autoscaler) {
    return autoscaler.getStatus() == null
        ? Optional.empty()
        : autoscaler.getStatus().getConditions().stream()
            .filter(condition -> TYPES.contains(condition.getType()))
            .filter(condition -> "False".equals(condition.getStatus()))
            .map(HorizontalPodAutoscalerCondition::getMessage)
            .findFirst();
  }

  /** Whether there is something new for us in it; its figures change all the time. */
  static boolean isNews(HorizontalPodAutoscaler now, HorizontalPodAutoscaler before) {
    return !now.getSpec().equals(before.getSpec())
        || !now.getMetadata().getOwnerReferences().equals(before.getMetadata().getOwnerReferences())
        || !of(now).equals(of(before));
  }
}
