package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether a node would take a pod, by the scheduler's rules for labels, taints and readiness. */
public final class NodeMatch {

  private static final Set<String> KEEPS_AWAY = Set.of("NoSchedule", "NoExecute");
  private static final Set<String> UNREADY =
      Set.of("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable");

  private static final String NAME_FIELD = "metadata.name";

  private NodeMatch() {}

  /** Whether the node has the labels that the pod's selector and required affinity ask for. */
  public static boolean hasLabels(Node node, Pod pod) {
    Map<String, String> selector = pod.getSpec().getNodeSelector();
    Map<String, String> labels = labels(node);
    boolean selected =
        selector == null
            || selector.entrySet().stream()
                .allMatch(label -> label.getValue().equals(labels.get(label.getKey())));
    List<NodeSelectorTerm> terms = terms(pod);
    return selected && (terms.isEmpty() || terms.stream().anyMatch(term -> meets(node, term)));
  }

  /** The labels that the pod asks for, as they stand in a sentence. */
  public static Stream<String> wanted(Pod pod) {
    Map<String, String> selector = pod.getSpec().getNodeSelector();
    Stream<String> selected =
        selector == null
            ? Stream.empty()
            : selector.entrySet().stream()
                .map(label -> label.getKey() + " = " + label.getValue())
                .sorted();
    return Stream.concat(
            selected, requirements(pod).filter(NodeMatch::isOfLabel).map(NodeMatch::words))
        .distinct();
  }

  /** Of these labels, the ones that none of the nodes has. */
  static List<String> unmet(List<Node> nodes, Pod pod) {
    Map<String, String> selector =
        Objects.requireNonNullElse(pod.getSpec().getNodeSelector(), Map.of());
    Stream<String> selected =
        selector.entrySet().stream()
            .filter(
                label ->
                    nodes.stream()
                        .noneMatch(
                            node -> label.getValue().equals(labels(node).get(label.getKey()))))
            .map(label -> label.getKey() + " = " + label.getValue())
            .sorted();
    Stream<String> required =
        requirements(pod)
            .filter(NodeMatch::isOfLabel)
            .filter(
                requirement ->
                    nodes.stream()
                        .noneMatch(
                            node -> meets(labels(node).get(requirement.getKey()), requirement)))
            .map(NodeMatch::words);
    return Stream.concat(selected, required).distinct().toList();
  }

  /** What keeps the pod off a node with the right labels, as the end of a sentence about it. */
  public static Optional<String> obstacle(Node node, Pod pod) {
    if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
      return Optional.of("cordoned");
    }
    if (isUnready(node)) {
      return Optional.of("not ready");
    }
    return taints(node)
        .filter(taint -> KEEPS_AWAY.contains(taint.getEffect()))
        .filter(taint -> tolerations(pod).noneMatch(given -> tolerates(given, taint)))
        .findFirst()
        .map(NodeMatch::obstacle);
  }

  private static String obstacle(Taint taint) {
    return UNREADY.contains(taint.getKey())
        ? "not ready"
        : "tainted " + words(taint) + ", which the pod does not tolerate";
  }

  static Map<String, String> labels(Node node) {
    return Objects.requireNonNullElse(node.getMetadata().getLabels(), Map.of());
  }

  private static boolean meets(Node node, NodeSelectorTerm term) {
    if (term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty()) {
      return false;
    }
    return term.getMatchExpressions().stream()
            .allMatch(wanted -> meets(labels(node).get(wanted.getKey()), wanted))
        && term.getMatchFields().stream()
            .allMatch(
                wanted ->
                    NAME_FIELD.equals(wanted.getKey())
                        && meets(node.getMetadata().getName(), wanted));
  }

  private static boolean meets(@Nullable String value, NodeSelectorRequirement wanted) {
    return switch (wanted.getOperator()) {
      case "In" -> value != null && wanted.getValues().contains(value);
      case "NotIn" -> value == null || !wanted.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" -> compare(value, wanted) > 0;
      case "Lt" -> compare(value, wanted) < 0;
      default -> false;
    };
  }

  /** 0, which is neither greater nor less, if one of them is no number. */
  private static int compare(@Nullable String value, NodeSelectorRequirement wanted) {
    try {
      return value == null
          ? 0
          : Long.compare(Long.parseLong(value), Long.parseLong(wanted.getValues().getFirst()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static Stream<NodeSelectorRequirement> requirements(Pod pod) {
    return terms(pod).stream()
        .flatMap(
            term ->
                Stream.concat(term.getMatchExpressions().stream(), term.getMatchFields().stream()));
  }

  private static boolean isOfLabel(NodeSelectorRequirement requirement) {
    return !NAME_FIELD.equals(requirement.getKey());
  }

  private static List<NodeSelectorTerm> terms(Pod pod) {
    return Optional.ofNullable(pod.getSpec().getAffinity())
        .map(affinity -> affinity.getNodeAffinity())
        .map(affinity -> affinity.getRequiredDuringSchedulingIgnoredDuringExecution())
        .map(selector -> selector.getNodeSelectorTerms())
        .orElse(List.of());
  }

  private static String words(NodeSelectorRequirement requirement) {
    String key = requirement.getKey();
    String values = String.join(" or ", requirement.getValues());
    return switch (requirement.getOperator()) {
      case "In" -> key + " = " + values;
      case "NotIn" -> key + " other than " + values;
      case "Gt" -> key + " > " + values;
      case "Lt" -> key + " < " + values;
      case "DoesNotExist" -> "no " + key;
      default -> key;
    };
  }

  private static boolean isUnready(Node node) {
    return node.getStatus() != null
        && node.getStatus().getConditions().stream()
            .filter(condition -> "Ready".equals(condition.getType()))
            .anyMatch(condition -> !"True".equals(condition.getStatus()));
  }

  private static Stream<Taint> taints(Node node) {
    return node.getSpec() == null ? Stream.empty() : node.getSpec().getTaints().stream();
  }

  private static Stream<Toleration> tolerations(Pod pod) {
    return pod.getSpec().getTolerations().stream();
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    boolean effect =
        isEmpty(toleration.getEffect()) || toleration.getEffect().equals(taint.getEffect());
    boolean exists = "Exists".equals(toleration.getOperator());
    boolean key =
        isEmpty(toleration.getKey()) ? exists : toleration.getKey().equals(taint.getKey());
    return effect
        && key
        && (exists || orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue())));
  }

  private static String words(Taint taint) {
    String value = isEmpty(taint.getValue()) ? "" : "=" + taint.getValue();
    return taint.getKey() + value + ":" + taint.getEffect();
  }

  private static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
