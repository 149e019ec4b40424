package dev.hone.operator.inference;

import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Optional;

/**
 * Everything of an InferenceDeployment that is there now.
 *
 * @param deployment its Deployment
 * @param pods its pods, of whatever version
 * @param disruptionBudget whether it has a PodDisruptionBudget
 * @param obstacle an object of somebody else that has the name of one of ours, as a sentence
 * @param facts what is looked up only when a pod cannot be scheduled
 */
public record InferenceObservation(
    Optional<Deployment> deployment,
    List<Pod> pods,
    boolean disruptionBudget,
    Optional<String> obstacle,
    ClusterFacts facts) {}
