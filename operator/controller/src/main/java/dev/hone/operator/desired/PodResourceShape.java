package dev.hone.operator.desired;

import dev.hone.api.common.PodResources;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What {@code spec.resources} means for a pod: requests, limits and the nodes it may run on. */
final class PodResourceShape {

  private PodResourceShape() {}

  static boolean needsGpu(@Nullable PodResources resources) {
    return resources != null && resources.deviceCount() > 0;
  }

  /**
   * The user's own requests and limits, with those of {@code spec.resources} where they have none.
   */
  static ResourceRequirements requirements(
      @Nullable ResourceRequirements given, @Nullable PodResources resources) {
    var base = given == null ? new ResourceRequirementsBuilder().build() : given;
    if (resources == null) {
      return base;
    }
    Map<String, Quantity> requests = new TreeMap<>();
    Map<String, Quantity> limits = new TreeMap<>();
    put("cpu", resources.cpu(), requests, limits);
    put("memory", resources.memory(), requests, limits);
    if (needsGpu(resources)) {
      // An extended resource cannot be overcommitted: the request is the limit.
      limits.put(resources.deviceResource(), new Quantity(String.valueOf(resources.deviceCount())));
    }
    if (base.getRequests() != null) {
      requests.putAll(base.getRequests());
    }
    if (base.getLimits() != null) {
      limits.putAll(base.getLimits());
    }
    return new ResourceRequirementsBuilder(base)
        .withRequests(requests.isEmpty() ? null : requests)
        .withLimits(limits.isEmpty() ? null : limits)
        .addAllToClaims(PodDevices.ofContainer(base, resources))
        .build();
  }

  /**
   * Puts the pod on nodes with the wanted GPUs, lets it onto nodes that are kept for GPUs, and
   * names the claims of its devices.
   */
  static void place(PodSpecBuilder pod, @Nullable PodResources resources) {
    if (resources == null) {
      return;
    }
    if (pod.getRuntimeClassName() == null) {
      pod.withRuntimeClassName(resources.runtimeClassName());
    }
    if (pod.getPriorityClassName() == null) {
      pod.withPriorityClassName(resources.priorityClassName());
    }
    tolerateGpus(pod, resources);
    if (needsGpu(resources)) {
      GpuAffinity.apply(pod, resources);
    }
    PodDevices.addTo(pod, resources);
  }

  /** Lets the pod onto nodes that are kept for the GPUs which the resources ask for. */
  static void tolerateGpus(PodSpecBuilder pod, @Nullable PodResources resources) {
    if (resources == null || !needsGpu(resources)) {
      return;
    }
    String resource = resources.deviceResource();
    boolean tolerated =
        pod.buildTolerations().stream().anyMatch(given -> resource.equals(given.getKey()));
    if (!tolerated) {
      pod.addToTolerations(gpuToleration(resource));
    }
  }

  private static void put(
      String name,
      @Nullable Quantity quantity,
      Map<String, Quantity> requests,
      Map<String, Quantity> limits) {
    if (quantity != null) {
      requests.put(name, quantity);
      limits.put(name, quantity);
    }
  }

  private static Toleration gpuToleration(String resource) {
    return new TolerationBuilder()
        .withKey(resource)
        .withOperator("Exists")
        .withEffect("NoSchedule")
        .build();
  }
}
