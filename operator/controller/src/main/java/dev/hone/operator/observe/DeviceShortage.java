package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Says why a pod gets none of the devices that it asks for: which of the nodes offer them, have the
 * wanted labels, take pods, are large enough and have some left, and where the last one drops out.
 */
final class DeviceShortage {

  private static final String PRODUCT = "nvidia.com/gpu.product";
  private static final int ALTERNATIVES = 3;

  private final Pod pod;
  private final Devices.Need need;
  private final List<Node> nodes;
  private final List<Pod> pods;

  private DeviceShortage(Pod pod, Devices.Need need, List<Node> nodes, List<Pod> pods) {
    this.pod = pod;
    this.need = need;
    this.nodes = nodes;
    this.pods = pods;
  }

  /**
   * A sentence about the first kind of device that no node can give; empty if there is none, so
   * that something else is missing, or if the nodes cannot be seen, so that the scheduler's own
   * words have to do.
   */
  static Optional<String> explain(Pod pod, ClusterFacts facts) {
    List<Devices.Need> needs = Devices.needs(pod);
    if (needs.isEmpty()) {
      return Optional.empty();
    }
    List<Node> nodes = facts.nodes();
    if (nodes.isEmpty()) {
      return Optional.empty();
    }
    List<Pod> pods = facts.podsWithDevices();
    return needs.stream()
        .map(need -> new DeviceShortage(pod, need, nodes, pods).explain())
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<String> explain() {
    List<Node> offering =
        nodes.stream().filter(node -> Devices.allocatable(node, need.resource()) > 0).toList();
    if (offering.isEmpty()) {
      return Optional.of("needs " + need + notOffered());
    }
    List<Node> labelled = offering.stream().filter(node -> NodeMatch.hasLabels(node, pod)).toList();
    if (labelled.isEmpty()) {
      return Optional.of("needs " + need + otherLabels(offering));
    }
    List<Node> open =
        labelled.stream().filter(node -> NodeMatch.obstacle(node, pod).isEmpty()).toList();
    if (open.isEmpty()) {
      return Optional.of("needs %s; %s, but %s".formatted(need, offer(labelled), closed(labelled)));
    }
    return inUse(open).map(sentence -> sentence + others(offering, labelled, open));
  }

  private String notOffered() {
    StringBuilder sentence =
        new StringBuilder(
            "; 0 of %s it".formatted(count(nodes.size(), "node offers", "nodes offer")));
    String domain = need.resource().substring(0, need.resource().indexOf('/') + 1);
    Map<String, Long> others =
        nodes.stream()
            .flatMap(node -> Devices.gpus(node).stream())
            .collect(
                Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    others.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(ALTERNATIVES)
        .forEach(
            other ->
                sentence.append(
                    ", %d %s %s"
                        .formatted(
                            other.getValue(),
                            other.getValue() == 1 ? "offers" : "offer",
                            other.getKey().replace(domain, ""))));
    long broken =
        nodes.stream().filter(node -> Devices.capacity(node, need.resource()) > 0).count();
    if (broken > 0) {
      sentence.append(
          "; %s some, but none that is healthy".formatted(count(broken, "node has", "nodes have")));
    }
    return sentence.append(withoutPlugin()).toString();
  }

  /** A label tells of a GPU, but nothing offers it. */
  private String withoutPlugin() {
    List<Node> labelled =
        nodes.stream()
            .filter(node -> NodeMatch.labels(node).containsKey(PRODUCT))
            .filter(node -> Devices.gpus(node).isEmpty())
            .filter(node -> Devices.capacity(node, need.resource()) == 0)
            .toList();
    return labelled.isEmpty()
        ? ""
        : "; %s %s but %s no %s: is the device plugin running there?"
            .formatted(
                count(labelled.size(), "node carries", "nodes carry"),
                products(labelled),
                labelled.size() == 1 ? "offers" : "offer",
                need.resource());
  }

  private String otherLabels(List<Node> offering) {
    List<String> unmet = NodeMatch.unmet(offering, pod);
    // Each label may be on some node, and all of them on none.
    List<String> wanted = unmet.isEmpty() ? NodeMatch.wanted(pod).toList() : unmet;
    String carried = products(offering);
    return "; %s, but none of these %s%s"
        .formatted(
            offer(offering),
            wanted.isEmpty()
                ? "is the node that the pod asks for"
                : "has the labels that it requires: " + String.join(", ", wanted),
            carried.isEmpty() ? "" : "; they carry " + carried);
  }

  private Optional<String> inUse(List<Node> open) {
    long largest = open.stream().mapToLong(this::offered).max().orElse(0);
    if (largest < need.count()) {
      return Optional.of("needs %s on one node; the largest node has %d".formatted(need, largest));
    }
    Map<String, Long> used =
        pods.stream()
            .filter(other -> other.getSpec().getNodeName() != null)
            .collect(
                Collectors.groupingBy(
                    other -> other.getSpec().getNodeName(),
                    Collectors.summingLong(other -> Devices.held(other, need.resource()))));
    boolean free = open.stream().anyMatch(node -> offered(node) - used(used, node) >= need.count());
    if (free) {
      return Optional.empty();
    }
    long total = open.stream().mapToLong(this::offered).sum();
    long inUse = open.stream().mapToLong(node -> used(used, node)).sum();
    return Optional.of(
        "needs %s; %d of %d in use on %s"
            .formatted(need, inUse, total, count(open.size(), "node", "nodes")));
  }

  /** What of the nodes that offer the device is not counted, and why. */
  private String others(List<Node> offering, List<Node> labelled, List<Node> open) {
    List<String> left = new ArrayList<>();
    int differ = offering.size() - labelled.size();
    if (differ > 0) {
      left.add("%d without the labels that it requires".formatted(differ));
    }
    if (open.size() < labelled.size()) {
      left.add(closed(labelled));
    }
    return left.isEmpty()
        ? ""
        : "; %s it too: %s"
            .formatted(
                count(
                    offering.size() - (long) open.size(), "other node offers", "other nodes offer"),
                String.join(", ", left));
  }

  private String closed(List<Node> labelled) {
    Map<String, Long> obstacles =
        labelled.stream()
            .map(node -> NodeMatch.obstacle(node, pod))
            .flatMap(Optional::stream)
            .collect(
                Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    return obstacles.entrySet().stream()
        .map(
            obstacle ->
                obstacle.getValue()
                    + (obstacle.getValue() == 1 ? " is " : " are ")
                    + obstacle.getKey())
        .collect(Collectors.joining(", "));
  }

  private String offer(List<Node> some) {
    return "%d of %s it".formatted(some.size(), count(nodes.size(), "node offers", "nodes offer"));
  }

  private long offered(Node node) {
    return Devices.allocatable(node, need.resource());
  }

  private static long used(Map<String, Long> used, Node node) {
    return used.getOrDefault(node.getMetadata().getName(), 0L);
  }

  private static String products(List<Node> some) {
    return some.stream()
        .map(node -> NodeMatch.labels(node).get(PRODUCT))
        .filter(product -> product != null)
        .distinct()
        .sorted(Comparator.naturalOrder())
        .collect(Collectors.joining(" or "));
  }

  private static String count(long count, String one, String many) {
    return count + " " + (count == 1 ? one : many);
  }
}
