package dev.hone.operator.desired;

import dev.hone.api.common.PodResources;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes a pod's template: the user's is the base, our defaults fill its gaps, and what the pod
 * cannot work without is set last.
 */
final class PodTemplateMerge {

  private PodTemplateMerge() {}

  /**
   * What our container and its pod need.
   *
   * @param container name of our container; the user's container of that name is its base
   * @param image image, where the user's container has none
   * @param pullPolicy pull policy, where the user's container has none
   * @param labels labels that are set
   * @param annotations annotations that are set
   * @param env variables that are set
   * @param volumes volumes that are set
   * @param mounts mounts that are set, by path
   * @param resources {@code spec.resources}
   */
  record Parts(
      String container,
      String image,
      String pullPolicy,
      Map<String, String> labels,
      Map<String, String> annotations,
      Map<String, String> env,
      List<Volume> volumes,
      List<VolumeMount> mounts,
      @Nullable PodResources resources) {}

  /** The merged template; the function sets what only this kind of pod forces on its container. */
  static PodTemplateSpec merge(
      @Nullable PodTemplateSpec given,
      Parts parts,
      Function<ContainerBuilder, ContainerBuilder> forced) {
    var template = given == null ? new PodTemplateSpecBuilder() : new PodTemplateSpecBuilder(given);
    PodSpec spec = Optional.ofNullable(template.buildSpec()).orElseGet(PodSpec::new);
    return template
        .editOrNewMetadata()
        .withName(null)
        .withNamespace(null)
        .addToLabels(parts.labels())
        .addToAnnotations(parts.annotations())
        .endMetadata()
        .withSpec(podSpec(spec, parts, forced))
        .build();
  }

  private static PodSpec podSpec(
      PodSpec given, Parts parts, Function<ContainerBuilder, ContainerBuilder> forced) {
    var pod = new PodSpecBuilder(given);
    PodResourceShape.place(pod, parts.resources());
    pod.withSecurityContext(PodSecurity.pod(given.getSecurityContext()));
    // The pod talks to the operator with a token of its own audience and needs nothing of the API
    // server.
    pod.withAutomountServiceAccountToken(false);
    List<Volume> volumes = new ArrayList<>(parts.volumes());
    List<VolumeMount> mounts = new ArrayList<>(parts.mounts());
    List<Container> containers = new ArrayList<>();
    Container ours = null;
    for (Container container : given.getContainers()) {
      if (container.getName().equals(parts.container())) {
        ours = container;
      } else {
        containers.add(container);
      }
    }
    SharedMemory shared = SharedMemory.of(parts.resources(), mounts(ours, SharedMemory.PATH));
    if (shared != null) {
      volumes.add(shared.volume());
      mounts.add(shared.mount());
    }
    pod.withVolumes(overlay(given.getVolumes(), volumes, Volume::getName));
    // First, so that `kubectl logs` shows it without asking which.
    containers.addFirst(container(ours, parts, mounts, forced));
    return pod.withContainers(containers).build();
  }

  private static boolean mounts(@Nullable Container container, String path) {
    return container != null
        && container.getVolumeMounts().stream()
            .anyMatch(mount -> path.equals(mount.getMountPath()));
  }

  /** A container of ours, with the user's of its name as its base. */
  static Container container(
      @Nullable Container given,
      Parts parts,
      List<VolumeMount> mounts,
      Function<ContainerBuilder, ContainerBuilder> forced) {
    Container base =
        given == null ? new ContainerBuilder().withName(parts.container()).build() : given;
    var container = new ContainerBuilder(base);
    if (base.getImage() == null) {
      container.withImage(parts.image());
    }
    if (base.getImagePullPolicy() == null) {
      container.withImagePullPolicy(parts.pullPolicy());
    }
    container.withResources(PodResourceShape.requirements(base.getResources(), parts.resources()));
    container.withSecurityContext(PodSecurity.container(base.getSecurityContext()));
    container.withEnv(overlay(base.getEnv(), env(parts.env()), EnvVar::getName));
    container.withVolumeMounts(overlay(base.getVolumeMounts(), mounts, VolumeMount::getMountPath));
    return forced.apply(container).build();
  }

  private static List<EnvVar> env(Map<String, String> variables) {
    return new TreeMap<>(variables)
        .entrySet().stream()
            .map(
                entry ->
                    new EnvVarBuilder()
                        .withName(entry.getKey())
                        .withValue(entry.getValue())
                        .build())
            .toList();
  }

  /** The given items without those whose key is set, and then what is set. */
  private static <T> List<T> overlay(
      @Nullable List<T> given, List<T> set, Function<T, String> key) {
    Set<String> keys = set.stream().map(key).collect(Collectors.toSet());
    Map<String, T> merged = new LinkedHashMap<>();
    if (given != null) {
      given.stream()
          .filter(item -> !keys.contains(key.apply(item)))
          .forEach(item -> merged.put(key.apply(item), item));
    }
    set.forEach(item -> merged.put(key.apply(item), item));
    return List.copyOf(merged.values());
  }
}
