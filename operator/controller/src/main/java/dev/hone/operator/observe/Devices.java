package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Extended resources of nodes and pods: what device plugins offer, and what pods ask for. */
final class Devices {

  private Devices() {}

  /**
   * A resource that a pod asks for.
   *
   * @param resource its name, for example nvidia.com/gpu
   * @param count how many of it
   */
  record Need(String resource, long count) {

    @Override
    public String toString() {
      return count + " " + resource;
    }
  }

  /** The extended resources that a pod asks for, GPUs first. */
  static List<Need> needs(Pod pod) {
    Map<String, Long> counts =
        pod.getSpec().getContainers().stream()
            .flatMap(container -> limits(container).entrySet().stream())
            .filter(limit -> isExtended(limit.getKey()))
            .collect(
                Collectors.groupingBy(
                    Map.Entry::getKey,
                    TreeMap::new,
                    Collectors.summingLong(limit -> count(limit.getValue()))));
    return counts.entrySet().stream()
        .filter(entry -> entry.getValue() > 0)
        .map(entry -> new Need(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparing(need -> !isGpu(need.resource())))
        .toList();
  }

  /** How many of a resource a node offers to pods. */
  static long allocatable(Node node, String resource) {
    return of(node.getStatus() == null ? null : node.getStatus().getAllocatable(), resource);
  }

  /** How many of a resource a node has, healthy or not. */
  static long capacity(Node node, String resource) {
    return of(node.getStatus() == null ? null : node.getStatus().getCapacity(), resource);
  }

  /** The GPUs, whole or in parts, that a node offers, by the names of their resources. */
  static List<String> gpus(Node node) {
    return node.getStatus() == null || node.getStatus().getAllocatable() == null
        ? List.of()
        : node.getStatus().getAllocatable().entrySet().stream()
            .filter(entry -> isExtended(entry.getKey()) && isGpu(entry.getKey()))
            .filter(entry -> count(entry.getValue()) > 0)
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
  }

  /** How many of a resource a pod takes from its node; 0 if it has none, or is over. */
  static long held(Pod pod, String resource) {
    String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    if (pod.getSpec().getNodeName() == null
        || "Succeeded".equals(phase)
        || "Failed".equals(phase)) {
      return 0;
    }
    return pod.getSpec().getContainers().stream()
        .map(container -> limits(container).get(resource))
        .filter(Objects::nonNull)
        .mapToLong(Devices::count)
        .sum();
  }

  private static boolean isExtended(String resource) {
    int slash = resource.indexOf('/');
    return slash > 0 && !resource.substring(0, slash).endsWith("kubernetes.io");
  }

  private static boolean isGpu(String resource) {
    String name = resource.substring(resource.indexOf('/') + 1);
    return name.contains("gpu") || name.startsWith("mig-");
  }

  private static long of(@Nullable Map<String, Quantity> quantities, String resource) {
    Quantity quantity = quantities == null ? null : quantities.get(resource);
    return quantity == null ? 0 : count(quantity);
  }

  private static Map<String, Quantity> limits(Container container) {
    return container.getResources() == null || container.getResources().getLimits() == null
        ? Map.of()
        : container.getResources().getLimits();
  }

  private static long count(Quantity quantity) {
    return quantity.getNumericalAmount().longValue();
  }
}
