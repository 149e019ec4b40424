package dev.hone.operator.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.contract.ContractJson;
import dev.hone.contract.Failure;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tells from a pod why it failed. */
public final class PodFailure {

  /** Our programs end with this code if only another input helps. */
  private static final int BAD_INPUT = 64;

  private static final int KILLED = 137;
  private static final int TERMINATED = 143;

  private PodFailure() {}

  /**
   * Why a container of the pod ended, if one ended with an error: the one that the pod is about
   * first.
   *
   * @param pod the pod
   * @param container name of the container that the pod is about
   * @param moreMemory what to do if memory is short, for the sentence about it
   */
  public static Optional<RunFailure> of(Pod pod, String container, String moreMemory) {
    return evicted(pod)
        .or(
            () ->
                containers(pod)
                    .sorted(java.util.Comparator.comparing(s -> !container.equals(s.getName())))
                    .map(status -> of(pod, status, moreMemory))
                    .flatMap(Optional::stream)
                    .findFirst())
        .or(() -> failedWithoutContainer(pod));
  }

  private static Optional<RunFailure> of(Pod pod, ContainerStatus status, String moreMemory) {
    ContainerStateTerminated ended = ended(status);
    if (ended == null) {
      return Optional.empty();
    }
    Integer code = ended.getExitCode();
    if (code != null && code == 0) {
      return Optional.empty();
    }
    if ("OOMKilled".equals(ended.getReason())) {
      return Optional.of(
          new RunFailure(
              Reason.OUT_OF_MEMORY.value(), outOfMemory(pod, status.getName(), moreMemory), code));
    }
    Optional<Failure> told = told(ended.getMessage());
    if (told.isPresent()) {
      return Optional.of(new RunFailure(told.get().reason(), told.get().message(), code));
    }
    String sentence = ended.getMessage();
    if (code != null && code == BAD_INPUT && sentence != null && !sentence.isBlank()) {
      return Optional.of(new RunFailure(Reason.CONFIG_INVALID.value(), sentence.strip(), code));
    }
    return Optional.of(
        new RunFailure(Reason.POD_FAILED.value(), byExitCode(pod, status.getName(), ended), code));
  }

  /** What a pod left as its termination message, if it is a failure of the contract. */
  static Optional<Failure> told(@Nullable String message) {
    if (message == null || !message.strip().startsWith("{")) {
      return Optional.empty();
    }
    try {
      Failure failure = ContractJson.read(message, Failure.class);
      return Optional.ofNullable(failure)
          .filter(told -> told.reason() != null && told.message() != null);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static String outOfMemory(Pod pod, String container, String moreMemory) {
    String limit =
        Stream.concat(
                pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
            .filter(candidate -> candidate.getName().equals(container))
            .map(candidate -> candidate.getResources())
            .filter(Objects::nonNull)
            .map(resources -> resources.getLimits())
            .filter(Objects::nonNull)
            .map(limits -> limits.get("memory"))
            .filter(Objects::nonNull)
            .map(Quantity::toString)
            .map(memory -> "ran out of memory at its limit of " + memory)
            .findFirst()
            .orElse("ran out of memory of its node");
    return limit + "; " + moreMemory;
  }

  private static String byExitCode(Pod pod, String container, ContainerStateTerminated ended) {
    Integer code = ended.getExitCode();
    String what =
        switch (code == null ? -1 : code) {
          case KILLED -> "container %s was killed (exit code 137)";
          case TERMINATED -> "container %s was told to stop (exit code 143)";
          default -> "container %s ended with exit code " + code;
        };
    String reason = ended.getReason();
    String because = reason == null || "Error".equals(reason) ? "" : " (" + reason + ")";
    String last = lastLine(ended.getMessage());
    return what.formatted(container)
        + because
        + (last.isEmpty() ? "" : ": " + last)
        + "; see `kubectl logs "
        + pod.getMetadata().getName()
        + "`";
  }

  private static String lastLine(@Nullable String message) {
    return message == null
        ? ""
        : message
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .reduce("", (a, b) -> b);
  }

  private static Optional<RunFailure> evicted(Pod pod) {
    String reason = pod.getStatus() == null ? null : pod.getStatus().getReason();
    if (!"Evicted".equals(reason)) {
      return Optional.empty();
    }
    return Optional.of(
        new RunFailure(
            Reason.POD_EVICTED.value(),
            "the node evicted the pod: " + pod.getStatus().getMessage(),
            null));
  }

  private static Optional<RunFailure> failedWithoutContainer(Pod pod) {
    if (pod.getStatus() == null || !"Failed".equals(pod.getStatus().getPhase())) {
      return Optional.empty();
    }
    String reason = pod.getStatus().getReason();
    String message = pod.getStatus().getMessage();
    return Optional.of(
        new RunFailure(
            Reason.POD_FAILED.value(),
            "the pod failed"
                + (reason == null ? "" : " (" + reason + ")")
                + (message == null ? "" : ": " + message),
            null));
  }

  private static @Nullable ContainerStateTerminated ended(ContainerStatus status) {
    return Stream.of(status.getState(), status.getLastState())
        .filter(Objects::nonNull)
        .map(ContainerState::getTerminated)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** What is known of the pod's containers, those that only begin it last. */
  public static Stream<ContainerStatus> containers(Pod pod) {
    if (pod.getStatus() == null) {
      return Stream.empty();
    }
    return Stream.of(
            pod.getStatus().getContainerStatuses(), pod.getStatus().getInitContainerStatuses())
        .flatMap(List::stream);
  }
}
