package dev.hone.operator.inference;

import dev.hone.api.Labels;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything of an InferenceDeployment that is there now.
 *
 * @param deployment its Deployment
 * @param deployments all Deployments that belong to it, by name: those of a rollout have others
 * @param front the Service that clients know
 * @param pods its pods, of whatever version
 * @param disruptionBudget whether it has a PodDisruptionBudget
 * @param autoscaler its HorizontalPodAutoscaler
 * @param obstacle an object of somebody else that has the name of one of ours, as a sentence
 * @param facts what is looked up only when a pod cannot be scheduled
 */
public record InferenceObservation(
    Optional<Deployment> deployment,
    Map<String, Deployment> deployments,
    Optional<Service> front,
    List<Pod> pods,
    boolean disruptionBudget,
    Optional<HorizontalPodAutoscaler> autoscaler,
    Optional<String> obstacle,
    ClusterFacts facts) {

  /** The Deployment of a version of a rollout. */
  Optional<Deployment> version(String name, ServedModel model) {
    return Optional.ofNullable(deployments.get(ModelVersion.name(name, model)));
  }

  /** Whether there is anything of a rollout. */
  boolean hasVersions() {
    return deployments.values().stream()
        .anyMatch(found -> found.getMetadata().getLabels().containsKey(Labels.ROLE));
  }
}
