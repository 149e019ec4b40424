package dev.hone.operator.observe;

import dev.hone.operator.desired.ServingAccess;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.SecretVolumeSource;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says what a pod that does not run yet waits for, and what to do about it. */
public final class PodWait {

  private static final Set<String> IMAGE_REASONS =
      Set.of(
          "ErrImagePull",
          "ImagePullBackOff",
          "ErrImageNeverPull",
          "InvalidImageName",
          "ImageInspectError");

  /** What the kubelet says of a Secret or ConfigMap that a variable is taken from. */
  private static final String CONFIG_REASON = "CreateContainerConfigError";

  /** Normal steps of a start, which need no words. */
  private static final Set<String> STARTING = Set.of("ContainerCreating", "PodInitializing");

  private static final Pattern BACK_OFF =
      Pattern.compile("^Back-off pulling image \"[^\"]*\"(: (ErrImagePull: )?)?");

  private static final Set<String> VOLUME_REASONS =
      Set.of("FailedMount", "FailedAttachVolume", "FailedMapVolume");

  private static final Pattern VOLUME =
      Pattern.compile("(?s)^MountVolume[.]\\w+ failed for volume \"([^\"]*)\"\\s*: (.*)$");

  /** The kubelet tries all volumes of a pod at a time: what it told of long before is over. */
  private static final Duration TOGETHER = Duration.ofSeconds(10);

  private static final String POD_TEMPLATE = "spec.podTemplate";

  /** Our volumes whose Secrets a user names, and the field that names each. */
  private static final Map<String, String> SECRETS =
      Map.of(ServingAccess.TLS_VOLUME, "spec.tls", ServingAccess.API_KEY_VOLUME, "spec.apiKey");

  /** What the scheduler says of a resource; more room, or a smaller pod, would help. */
  private static final Pattern INSUFFICIENT = Pattern.compile("Insufficient ([\\w./-]*\\w)");

  private PodWait() {}

  /** Whether the scheduler finds no node for the pod. */
  public static boolean isUnschedulable(Pod pod) {
    return unschedulable(pod).isPresent();
  }

  /** What the nodes have too little of for the pod, as the scheduler names it. */
  public static Stream<String> lacking(Pod pod) {
    return unschedulable(pod).stream()
        .flatMap(condition -> INSUFFICIENT.matcher(orEmpty(condition.getMessage())).results())
        .map(found -> found.group(1));
  }

  /** What the pod waits for, as a sentence; empty if it is just starting, or runs. */
  public static Optional<String> explain(Pod pod, ClusterFacts facts) {
    return unschedulable(pod)
        .map(condition -> explainUnschedulable(pod, condition, facts))
        .or(() -> explainWaiting(pod))
        .or(() -> isMounting(pod) ? explainVolumes(pod, facts.warnings(pod)) : Optional.empty());
  }

  /**
   * Whether the pod has a node, and the kubelet has not come to its containers yet. What is wrong
   * with its volumes events alone tell: the pod itself does not change.
   */
  public static boolean isMounting(Pod pod) {
    if (pod.getSpec().getNodeName() == null
        || pod.getStatus() == null
        || !"Pending".equals(pod.getStatus().getPhase())) {
      return false;
    }
    return pod.getStatus().getConditions().stream()
        .filter(condition -> "PodReadyToStartContainers".equals(condition.getType()))
        .noneMatch(condition -> "True".equals(condition.getStatus()));
  }

  /** The kubelet tells of volumes in events alone. */
  private static Optional<String> explainVolumes(Pod pod, List<ClusterFacts.Warning> warnings) {
    List<ClusterFacts.Warning> told =
        warnings.stream()
            .filter(warning -> VOLUME_REASONS.contains(warning.reason()))
            .sorted(Comparator.comparing(PodWait::isSum))
            .toList();
    if (told.isEmpty()) {
      return Optional.empty();
    }
    ClusterFacts.Warning first = told.getFirst();
    Instant since = first.lastSeen().minus(TOGETHER);
    Map<String, VolumeTrouble> troubles = new TreeMap<>();
    told.stream()
        .filter(warning -> isSum(warning) == isSum(first))
        .filter(warning -> !warning.lastSeen().isBefore(since))
        .map(warning -> trouble(pod, warning.message()))
        .forEach(trouble -> troubles.putIfAbsent(trouble.what(), trouble));
    return Optional.of(sentence(troubles.values()));
  }

  /** The kubelet also sums up that volumes are missing, without saying why. */
  private static boolean isSum(ClusterFacts.Warning warning) {
    return warning.message().startsWith("Unable to attach or mount volumes");
  }

  /**
   * What keeps a volume from being mounted.
   *
   * @param what the volume, or the Secret in it
   * @param cause the kubelet's words
   * @param field the field that names it
   */
  private record VolumeTrouble(String what, String cause, String field) {}

  private static VolumeTrouble trouble(Pod pod, String message) {
    var matcher = VOLUME.matcher(message);
    if (!matcher.matches()) {
      return new VolumeTrouble("a volume of the pod", message, POD_TEMPLATE);
    }
    String volume = matcher.group(1);
    String cause = matcher.group(2);
    String field = SECRETS.get(volume);
    String secret = secret(pod, volume);
    // Of a Secret that lacks a key the kubelet says which key, and not which Secret.
    return field == null || secret == null
        ? new VolumeTrouble("volume " + volume, cause, POD_TEMPLATE)
        : new VolumeTrouble("Secret " + secret, cause, field);
  }

  private static String sentence(Collection<VolumeTrouble> troubles) {
    return "%s; create what is missing, or correct %s"
        .formatted(
            troubles.stream()
                .map(trouble -> trouble.what() + " cannot be mounted: " + trouble.cause())
                .collect(Collectors.joining("; ")),
            troubles.stream()
                .map(VolumeTrouble::field)
                .distinct()
                .collect(Collectors.joining(" and ")));
  }

  private static @Nullable String secret(Pod pod, String volume) {
    return pod.getSpec().getVolumes().stream()
        .filter(found -> volume.equals(found.getName()))
        .map(Volume::getSecret)
        .filter(Objects::nonNull)
        .map(SecretVolumeSource::getSecretName)
        .findFirst()
        .orElse(null);
  }

  private static Optional<PodCondition> unschedulable(Pod pod) {
    if (pod.getStatus() == null || pod.getSpec().getNodeName() != null) {
      return Optional.empty();
    }
    return pod.getStatus().getConditions().stream()
        .filter(condition -> "PodScheduled".equals(condition.getType()))
        .filter(condition -> "False".equals(condition.getStatus()))
        .findFirst();
  }

  private static String explainUnschedulable(Pod pod, PodCondition condition, ClusterFacts facts) {
    if ("SchedulingGated".equals(condition.getReason())) {
      return "waits for its scheduling gates to be removed";
    }
    return claimProblem(pod, facts)
        .or(() -> DeviceShortage.explain(pod, facts))
        .orElseGet(() -> "no node fits: " + orEmpty(condition.getMessage()));
  }

  private static Optional<String> claimProblem(Pod pod, ClusterFacts facts) {
    return claims(pod)
        .flatMap(
            claim -> {
              Optional<PersistentVolumeClaim> found = facts.claim(claim);
              if (found.isEmpty()) {
                return Stream.of(
                    "PersistentVolumeClaim %s does not exist in namespace %s; create it"
                        .formatted(claim, pod.getMetadata().getNamespace()));
              }
              return pending(found.get()).stream();
            })
        .findFirst();
  }

  private static Optional<String> pending(PersistentVolumeClaim claim) {
    String phase = claim.getStatus() == null ? null : claim.getStatus().getPhase();
    if (!"Lost".equals(phase)) {
      // Pending is normal for a claim that binds when its first pod is scheduled; the scheduler
      // says the rest.
      return Optional.empty();
    }
    return Optional.of(
        "PersistentVolumeClaim %s has lost its volume; make both again"
            .formatted(claim.getMetadata().getName()));
  }

  private static Stream<String> claims(Pod pod) {
    return pod.getSpec().getVolumes().stream()
        .filter(volume -> volume.getPersistentVolumeClaim() != null)
        .map(volume -> volume.getPersistentVolumeClaim().getClaimName())
        .distinct();
  }

  private static Optional<String> explainWaiting(Pod pod) {
    return statuses(pod)
        .filter(status -> status.getState() != null && status.getState().getWaiting() != null)
        .filter(status -> status.getState().getWaiting().getReason() != null)
        .filter(status -> !STARTING.contains(status.getState().getWaiting().getReason()))
        .findFirst()
        .map(status -> explainWaiting(pod, status));
  }

  private static String explainWaiting(Pod pod, ContainerStatus status) {
    ContainerStateWaiting waiting = status.getState().getWaiting();
    if (CONFIG_REASON.equals(waiting.getReason())) {
      return "container %s cannot be made%s; create what is missing, or correct its name in the spec"
          .formatted(status.getName(), colon(waiting.getMessage()));
    }
    if (!IMAGE_REASONS.contains(waiting.getReason())) {
      return "container %s waits: %s%s"
          .formatted(status.getName(), waiting.getReason(), colon(waiting.getMessage()));
    }
    // The kubelet takes turns between two reasons; the part that they share is the cause.
    String cause = BACK_OFF.matcher(orEmpty(waiting.getMessage())).replaceFirst("");
    return "image %s of container %s cannot be pulled%s; correct its name, or give the node access to it"
        .formatted(image(pod, status), status.getName(), colon(cause));
  }

  private static String image(Pod pod, ContainerStatus status) {
    return Stream.concat(
            pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
        .filter(container -> container.getName().equals(status.getName()))
        .map(container -> container.getImage())
        .findFirst()
        .orElse(status.getImage());
  }

  private static Stream<ContainerStatus> statuses(Pod pod) {
    if (pod.getStatus() == null) {
      return Stream.empty();
    }
    return Stream.of(
            pod.getStatus().getInitContainerStatuses(), pod.getStatus().getContainerStatuses())
        .flatMap(List::stream);
  }

  private static String colon(String text) {
    String trimmed = orEmpty(text).strip();
    return trimmed.isEmpty() ? "" : ": " + trimmed;
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
