package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Says why a pod that asks for GPUs gets none. */
final class GpuUsage {

  private static final String PRODUCT_LABEL = "nvidia.com/gpu.product";

  private GpuUsage() {}

  /** The extended resource and number of GPUs that a pod asks for. */
  record Need(String resource, long count) {}

  /** What a pod needs of a resource that looks like a GPU. */
  static Optional<Need> need(Pod pod) {
    return pod.getSpec().getContainers().stream()
        .map(GpuUsage::limits)
        .flatMap(limits -> limits.entrySet().stream())
        .filter(limit -> isGpu(limit.getKey()))
        .collect(
            Collectors.groupingBy(
                Map.Entry::getKey, Collectors.summingLong(e -> count(e.getValue()))))
        .entrySet()
        .stream()
        .filter(entry -> entry.getValue() > 0)
        .map(entry -> new Need(entry.getKey(), entry.getValue()))
        .findFirst();
  }

  /**
   * A sentence about the missing GPUs; empty if enough are free, so that something else is missing.
   */
  static Optional<String> explain(Pod pod, Need need, List<Node> nodes, List<Pod> pods) {
    Set<String> products = products(pod);
    String what =
        "needs "
            + need.count()
            + " "
            + need.resource()
            + (products.isEmpty() ? "" : " of product " + String.join(" or ", products));
    Map<String, Long> capacity =
        nodes.stream()
            .filter(node -> products.isEmpty() || products.contains(label(node)))
            .filter(node -> allocatable(node, need.resource()) > 0)
            .collect(
                Collectors.toMap(
                    node -> node.getMetadata().getName(),
                    node -> allocatable(node, need.resource())));
    if (nodes.isEmpty()) {
      // Not allowed to see them: the scheduler's own words have to do.
      return Optional.empty();
    }
    if (capacity.isEmpty()) {
      return Optional.of(what + "; no node has any");
    }
    long largest = capacity.values().stream().mapToLong(Long::longValue).max().orElse(0);
    if (largest < need.count()) {
      return Optional.of(what + " on one node; the largest node has " + largest);
    }
    Map<String, Long> used =
        pods.stream()
            .filter(GpuUsage::holdsResources)
            .filter(other -> capacity.containsKey(other.getSpec().getNodeName()))
            .collect(
                Collectors.groupingBy(
                    other -> other.getSpec().getNodeName(),
                    Collectors.summingLong(other -> used(other, need.resource()))));
    boolean free =
        capacity.entrySet().stream()
            .anyMatch(
                node -> node.getValue() - used.getOrDefault(node.getKey(), 0L) >= need.count());
    if (free) {
      return Optional.empty();
    }
    long total = capacity.values().stream().mapToLong(Long::longValue).sum();
    long inUse = used.values().stream().mapToLong(Long::longValue).sum();
    return Optional.of(
        "%s; %d of %d in use on %d %s"
            .formatted(
                what, inUse, total, capacity.size(), capacity.size() == 1 ? "node" : "nodes"));
  }

  private static boolean isGpu(String resource) {
    int slash = resource.indexOf('/');
    String name = resource.substring(slash + 1);
    return slash > 0 && (name.contains("gpu") || name.startsWith("mig-"));
  }

  private static boolean holdsResources(Pod pod) {
    String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return pod.getSpec().getNodeName() != null
        && !"Succeeded".equals(phase)
        && !"Failed".equals(phase);
  }

  private static long used(Pod pod, String resource) {
    return pod.getSpec().getContainers().stream()
        .map(GpuUsage::limits)
        .map(limits -> limits.get(resource))
        .filter(Objects::nonNull)
        .mapToLong(GpuUsage::count)
        .sum();
  }

  private static Map<String, Quantity> limits(Container container) {
    return container.getResources() == null || container.getResources().getLimits() == null
        ? Map.of()
        : container.getResources().getLimits();
  }

  private static long allocatable(Node node, String resource) {
    if (node.getStatus() == null || node.getStatus().getAllocatable() == null) {
      return 0;
    }
    Quantity quantity = node.getStatus().getAllocatable().get(resource);
    return quantity == null ? 0 : count(quantity);
  }

  private static long count(Quantity quantity) {
    return quantity.getNumericalAmount().longValue();
  }

  private static String label(Node node) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(PRODUCT_LABEL, "");
  }

  private static Set<String> products(Pod pod) {
    return Optional.ofNullable(pod.getSpec().getAffinity())
        .map(affinity -> affinity.getNodeAffinity())
        .map(affinity -> affinity.getRequiredDuringSchedulingIgnoredDuringExecution())
        .map(selector -> selector.getNodeSelectorTerms())
        .stream()
        .flatMap(Collection::stream)
        .flatMap(term -> term.getMatchExpressions().stream())
        .filter(expression -> PRODUCT_LABEL.equals(expression.getKey()))
        .map(NodeSelectorRequirement::getValues)
        .flatMap(Collection::stream)
        .collect(Collectors.toCollection(java.util.TreeSet::new));
  }
}
