package dev.hone.operator.inference;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.RunFailure;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.observe.ClusterFacts;
import dev.hone.operator.observe.PodFailure;
import dev.hone.operator.observe.PodRefusal;
import dev.hone.operator.observe.PodWait;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads the pods of an InferenceDeployment. */
final class ServingPods {

  /** The server's exit code where another try will not help. */
  private static final int BAD_INPUT = 64;

  private ServingPods() {}

  /** What keeps a pod with the wanted model from getting ready, as a sentence. */
  static Optional<String> obstacle(
      Optional<Deployment> deployment, List<Pod> pods, ServedModel model, ClusterFacts facts) {
    List<Pod> waiting =
        pods.stream()
            .filter(pod -> !pod.isMarkedForDeletion())
            .filter(pod -> serves(pod, model))
            .filter(pod -> !isReady(pod))
            .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
            .toList();
    // What a container said as it ended tells more than that it waits to be started again.
    return waiting.stream()
        .map(pod -> PodFailure.of(pod, Names.SERVER_CONTAINER, "raise spec.resources.memory"))
        .flatMap(Optional::stream)
        .map(RunFailure::message)
        .findFirst()
        .or(
            () ->
                waiting.stream()
                    .map(pod -> PodWait.explain(pod, facts))
                    .flatMap(Optional::stream)
                    .findFirst())
        .or(() -> deployment.flatMap(found -> PodRefusal.of(found, "spec.resources")));
  }

  /**
   * Why pods with a model will never get ready: the program itself says that its input is wrong.
   */
  static Optional<String> refusal(List<Pod> pods, ServedModel model) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> serves(pod, model))
        .filter(ServingPods::gaveUp)
        .map(pod -> PodFailure.of(pod, Names.SERVER_CONTAINER, "raise spec.resources.memory"))
        .flatMap(Optional::stream)
        .map(RunFailure::message)
        .findFirst();
  }

  /** What the nodes have too little of for a pod with a model, as the scheduler says, as words. */
  static Optional<String> noRoom(List<Pod> pods, ServedModel model) {
    String lacking =
        pods.stream()
            .filter(pod -> !pod.isMarkedForDeletion())
            .filter(pod -> serves(pod, model))
            .flatMap(PodWait::lacking)
            .distinct()
            .sorted()
            .collect(Collectors.joining(" and "));
    return lacking.isEmpty() ? Optional.empty() : Optional.of(lacking);
  }

  private static boolean gaveUp(Pod pod) {
    return PodFailure.containers(pod)
        .flatMap(status -> Stream.of(status.getState(), status.getLastState()))
        .filter(Objects::nonNull)
        .map(ContainerState::getTerminated)
        .filter(Objects::nonNull)
        .anyMatch(ended -> Objects.equals(ended.getExitCode(), BAD_INPUT));
  }

  /** Whether there is a pod with a model that waits for its volumes, of which no change tells. */
  static boolean areMounting(List<Pod> pods, ServedModel model) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> serves(pod, model))
        .anyMatch(PodWait::isMounting);
  }

  /** What keeps a router from getting ready, as a sentence. */
  static Optional<String> routersObstacle(List<Pod> pods, ClusterFacts facts) {
    return ofRouters(pods)
        .filter(pod -> !isReady(pod))
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
        .map(
            pod ->
                PodFailure.of(
                        pod, Names.ROUTER_CONTAINER, "send smaller requests, or fewer at a time")
                    .map(RunFailure::message)
                    .or(() -> PodWait.explain(pod, facts)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  /** Whether a router waits for its volumes, of which no change tells. */
  static boolean areRoutersMounting(List<Pod> pods) {
    return ofRouters(pods).anyMatch(PodWait::isMounting);
  }

  private static Stream<Pod> ofRouters(List<Pod> pods) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> Labels.ROLE_ROUTER.equals(pod.getMetadata().getLabels().get(Labels.ROLE)));
  }

  /** The ready routers of a rollout. */
  static List<Pod> routers(List<Pod> pods) {
    return ofRouters(pods)
        .filter(ServingPods::isReady)
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
        .toList();
  }

  /** A ready pod with the wanted model. */
  static Optional<Pod> ready(List<Pod> pods, ServedModel model) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> serves(pod, model))
        .filter(ServingPods::isReady)
        .min(Comparator.comparing(pod -> pod.getMetadata().getName()));
  }

  /** A pod with the wanted model whose server runs, and is not ready. */
  static Optional<Pod> running(List<Pod> pods, ServedModel model) {
    return pods.stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .filter(pod -> serves(pod, model))
        .filter(pod -> !isReady(pod))
        .filter(ServingPods::isRunning)
        .min(Comparator.comparing(pod -> pod.getMetadata().getName()));
  }

  private static boolean isRunning(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getContainerStatuses().stream()
            .filter(container -> Names.SERVER_CONTAINER.equals(container.getName()))
            .anyMatch(container -> Boolean.TRUE.equals(container.getStarted()));
  }

  private static boolean serves(Pod pod, ServedModel model) {
    Map<String, String> annotations =
        Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of());
    return Objects.equals(model.uri(), annotations.get(Serving.URI_ANNOTATION))
        && Objects.equals(model.digest(), annotations.get(Serving.DIGEST_ANNOTATION));
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
  }
}
