package dev.hone.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirementBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a pod that waits for a GPU says about the nodes. */
class DeviceShortageTest {

  private static final String GPU = "nvidia.com/gpu";
  private static final String PRODUCT = "nvidia.com/gpu.product";

  /** What may be wrong with a node. */
  enum Flaw {
    NONE,
    NO_DEVICE,
    OTHER_LABEL,
    CORDONED,
    UNREADY,
    UNREACHABLE,
    TAINTED,
    TOO_SMALL,
    IN_USE
  }

  /** Neither silent when a GPU is missing nor wordy when something else is. */
  @Property(tries = 300)
  void nothingIsSaidIfAndOnlyIfANodeCouldTakeThePod(
      @ForAll @Size(min = 1, max = 5) List<Flaw> flaws) {
    List<Node> nodes = new ArrayList<>();
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < flaws.size(); i++) {
      nodes.add(node("node-" + i, flaws.get(i)));
      if (flaws.get(i) == Flaw.IN_USE) {
        pods.add(on("node-" + i, pod(GPU, 1)));
      }
    }
    Pod waiting = requiring(pod(GPU, 2), in("pool", "training"));
    Optional<String> said = explain(waiting, nodes, pods);
    assertThat(said.isEmpty()).isEqualTo(flaws.contains(Flaw.NONE));
    said.ifPresent(sentence -> assertThat(sentence).startsWith("needs 2 nvidia.com/gpu"));
  }

  @Property(tries = 200)
  void whatIsInUseIsCounted(
      @ForAll @IntRange(min = 1, max = 8) int offered,
      @ForAll @IntRange(min = 0, max = 8) int held,
      @ForAll @IntRange(min = 1, max = 8) int wanted) {
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < Math.min(held, offered); i++) {
      pods.add(on("a", pod(GPU, 1)));
    }
    // Neither of them holds anything: one has no node yet, the other is over.
    pods.add(pod(GPU, 8));
    pods.add(
        new PodBuilder(on("a", pod(GPU, 8)))
            .withNewStatus()
            .withPhase("Succeeded")
            .endStatus()
            .build());
    Optional<String> said = explain(pod(GPU, wanted), List.of(node("a", GPU, offered)), pods);
    int free = offered - Math.min(held, offered);
    if (wanted <= free) {
      assertThat(said).isEmpty();
    } else if (wanted > offered) {
      assertThat(said).hasValueSatisfying(s -> assertThat(s).endsWith("node has " + offered));
    } else {
      assertThat(said)
          .hasValueSatisfying(
              s ->
                  assertThat(s)
                      .endsWith("; %d of %d in use on 1 node".formatted(offered - free, offered)));
    }
  }

  @Test
  void otherProfilesThatNodesOfferAreNamed() {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      nodes.add(i < 3 ? node("n" + i, "nvidia.com/mig-1g.10gb", 7) : node("n" + i, "cpu", 8));
    }
    assertThat(explain(pod("nvidia.com/mig-3g.40gb", 1), nodes, List.of()))
        .hasValue("needs 1 nvidia.com/mig-3g.40gb; 0 of 12 nodes offer it, 3 offer mig-1g.10gb");
  }

  @Test
  void aNodeThatCarriesAGpuAndOffersNoneIsToldOf() {
    List<Node> nodes =
        List.of(
            labelled(node("a", "cpu", 8), PRODUCT, "NVIDIA-H100-80GB-HBM3"),
            labelled(node("b", "cpu", 8), PRODUCT, "NVIDIA-H100-80GB-HBM3"),
            node("c", "cpu", 8));
    assertThat(explain(pod(GPU, 1), nodes, List.of()))
        .hasValue(
            "needs 1 nvidia.com/gpu; 0 of 3 nodes offer it; 2 nodes carry NVIDIA-H100-80GB-HBM3 but offer no"
                + " nvidia.com/gpu: is the device plugin running there?");
  }

  @Test
  void aDeviceThatIsNotHealthyIsToldOf() {
    Node node =
        new NodeBuilder(node("a", GPU, 0))
            .editStatus()
            .withCapacity(Map.of(GPU, new Quantity("1")))
            .endStatus()
            .build();
    assertThat(explain(pod(GPU, 1), List.of(node), List.of()))
        .hasValue(
            "needs 1 nvidia.com/gpu; 0 of 1 node offers it; 1 node has some, but none that is healthy");
  }

  @Test
  void labelsThatNoNodeHasAreNamed() {
    Pod wanting =
        requiring(
            pod(GPU, 1),
            in(PRODUCT, "NVIDIA-A100-SXM4-80GB", "NVIDIA-H100-80GB-HBM3"),
            new NodeSelectorRequirementBuilder()
                .withKey("nvidia.com/gpu.memory")
                .withOperator("Gt")
                .withValues("76293")
                .build(),
            in("pool", "training"));
    Node small =
        labelled(
            labelled(
                labelled(node("a", GPU, 1), PRODUCT, "NVIDIA-L4"),
                "nvidia.com/gpu.memory",
                "23034"),
            "pool",
            "training");
    assertThat(explain(wanting, List.of(small, node("b", "cpu", 8)), List.of()))
        .hasValue(
            "needs 1 nvidia.com/gpu; 1 of 2 nodes offer it, but none of these has the labels that it requires:"
                + " nvidia.com/gpu.product = NVIDIA-A100-SXM4-80GB or NVIDIA-H100-80GB-HBM3, nvidia.com/gpu.memory >"
                + " 76293; they carry NVIDIA-L4");
  }

  @Test
  void nodesThatTakeNoPodsAreSaidToBe() {
    Pod waiting = requiring(pod(GPU, 2), in("pool", "training"));
    assertThat(
            explain(waiting, List.of(node("a", Flaw.CORDONED), node("b", Flaw.TAINTED)), List.of()))
        .hasValue(
            "needs 2 nvidia.com/gpu; 2 of 2 nodes offer it, but 1 is cordoned, 1 is tainted"
                + " team=other:NoSchedule, which the pod does not tolerate");
    assertThat(
            explain(
                waiting,
                List.of(
                    node("a", Flaw.IN_USE),
                    node("b", Flaw.OTHER_LABEL),
                    node("c", Flaw.UNREACHABLE)),
                List.of(on("a", pod(GPU, 2)))))
        .hasValue(
            "needs 2 nvidia.com/gpu; 2 of 2 in use on 1 node; 2 other nodes offer it too: 1 without the labels that it"
                + " requires, 1 is not ready");
  }

  @Test
  void everyDeviceOfAPodIsLookedAt() {
    Pod both = pod(Map.of(GPU, 1, "rdma/hca", 1));
    assertThat(explain(both, List.of(node("a", GPU, 1)), List.of()))
        .hasValue("needs 1 rdma/hca; 0 of 1 node offers it, 1 offers nvidia.com/gpu");
  }

  @Test
  void withoutNodesToSeeTheSchedulerHasTheWord() {
    assertThat(explain(pod(GPU, 1), List.of(), List.of())).isEmpty();
  }

  private static Optional<String> explain(Pod pod, List<Node> nodes, List<Pod> pods) {
    record Facts(List<Node> nodes, List<Pod> podsWithDevices) implements EmptyCluster {}
    return DeviceShortage.explain(pod, new Facts(nodes, pods));
  }

  private static Node node(String name, Flaw flaw) {
    String resource = flaw == Flaw.NO_DEVICE ? "cpu" : GPU;
    NodeBuilder node = new NodeBuilder(node(name, resource, flaw == Flaw.TOO_SMALL ? 1 : 2));
    node.editMetadata()
        .addToLabels("pool", flaw == Flaw.OTHER_LABEL ? "serving" : "training")
        .endMetadata();
    switch (flaw) {
      case CORDONED -> node.withNewSpec().withUnschedulable(true).endSpec();
      case TAINTED -> node.withNewSpec().addNewTaint("NoSchedule", "team", null, "other").endSpec();
      case UNREADY ->
          node.editStatus()
              .addNewCondition()
              .withType("Ready")
              .withStatus("Unknown")
              .endCondition()
              .endStatus();
      case UNREACHABLE ->
          node.withNewSpec()
              .addNewTaint("NoExecute", "node.kubernetes.io/unreachable", null, null)
              .endSpec();
      default -> {}
    }
    return node.build();
  }

  private static Node node(String name, String resource, int count) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewStatus()
        .withAllocatable(Map.of(resource, new Quantity(String.valueOf(count))))
        .endStatus()
        .build();
  }

  private static Node labelled(Node node, String label, String value) {
    return new NodeBuilder(node).editMetadata().addToLabels(label, value).endMetadata().build();
  }

  private static Pod pod(String resource, int count) {
    return pod(Map.of(resource, count));
  }

  private static Pod pod(Map<String, Integer> resources) {
    Map<String, Quantity> limits = new TreeMap<>();
    resources.forEach((name, count) -> limits.put(name, new Quantity(String.valueOf(count))));
    return new PodBuilder()
        .withNewMetadata()
        .withName("pod")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("trainer")
        .withNewResources()
        .withLimits(limits)
        .addToLimits("memory", new Quantity("1Gi"))
        .endResources()
        .endContainer()
        .addNewToleration("NoSchedule", GPU, "Exists", null, null)
        .endSpec()
        .build();
  }

  private static Pod on(@Nullable String node, Pod pod) {
    return new PodBuilder(pod).editSpec().withNodeName(node).endSpec().build();
  }

  private static Pod requiring(Pod pod, NodeSelectorRequirement... requirements) {
    return new PodBuilder(pod)
        .editSpec()
        .withNewAffinity()
        .withNewNodeAffinity()
        .withNewRequiredDuringSchedulingIgnoredDuringExecution()
        .addNewNodeSelectorTerm()
        .withMatchExpressions(requirements)
        .endNodeSelectorTerm()
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endNodeAffinity()
        .endAffinity()
        .endSpec()
        .build();
  }

  private static NodeSelectorRequirement in(String label, String... values) {
    return new NodeSelectorRequirementBuilder()
        .withKey(label)
        .withOperator("In")
        .withValues(Arrays.asList(values))
        .build();
  }
}
