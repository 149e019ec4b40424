package dev.hone.operator.desired;

import dev.hone.api.common.DeviceClaim;
import dev.hone.api.common.PodResources;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.PodResourceClaimBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.ResourceClaim;
import io.fabric8.kubernetes.api.model.ResourceClaimBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Devices by dynamic resource allocation; claims of the user's template win by their name. */
final class PodDevices {

  private PodDevices() {}

  /** Names the claims for the pod. */
  static void addTo(PodSpecBuilder pod, PodResources resources) {
    pod.addAllToResourceClaims(
        missing(
            resources, pod.buildResourceClaims(), PodResourceClaim::getName, PodDevices::ofPod));
  }

  /** What our container gets of the claims, beside what its template has. */
  static List<ResourceClaim> ofContainer(ResourceRequirements given, PodResources resources) {
    return missing(resources, given.getClaims(), ResourceClaim::getName, PodDevices::ofContainer);
  }

  private static <T> List<T> missing(
      PodResources resources,
      List<T> given,
      Function<T, String> name,
      Function<DeviceClaim, T> make) {
    Set<String> names = given.stream().map(name).collect(Collectors.toSet());
    return resources.resourceClaims().stream()
        .filter(claim -> !names.contains(claim.name()))
        .map(make)
        .map(Objects::requireNonNull)
        .toList();
  }

  private static PodResourceClaim ofPod(DeviceClaim claim) {
    return new PodResourceClaimBuilder()
        .withName(claim.name())
        .withResourceClaimName(claim.resourceClaimName())
        .withResourceClaimTemplateName(claim.resourceClaimTemplateName())
        .build();
  }

  private static ResourceClaim ofContainer(DeviceClaim claim) {
    return new ResourceClaimBuilder().withName(claim.name()).withRequest(claim.request()).build();
  }
}
