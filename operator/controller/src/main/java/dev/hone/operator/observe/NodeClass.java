package dev.hone.operator.observe;

import dev.hone.api.common.PodResources;
import dev.hone.api.engine.EngineTarget;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The class of a node, as far as engines go: by the labels of NVIDIA's GPU Feature Discovery, and
 * of Node Feature Discovery for CPUs.
 */
public final class NodeClass {

  private static final String ARCHITECTURE = "kubernetes.io/arch";
  private static final String CPUID = "feature.node.kubernetes.io/cpu-cpuid.";
  private static final String CPU_FAMILY = "feature.node.kubernetes.io/cpu-model.family";
  private static final String PRODUCT = "nvidia.com/gpu.product";
  private static final String MIG = "-MIG-";
  private static final String SHARED = "-SHARED";

  private NodeClass() {}

  /** Whether a node offers the devices that a pod asks for. */
  public static boolean offers(Node node, PodResources resources) {
    return Devices.allocatable(node, resources.deviceResource()) >= resources.deviceCount();
  }

  /** The class of a node's CPUs; empty if its labels do not even name the architecture. */
  public static Optional<EngineTarget> cpu(Node node) {
    Map<String, String> labels = NodeMatch.labels(node);
    return Optional.ofNullable(labels.get(ARCHITECTURE))
        .map(architecture -> EngineTarget.cpu(architecture, level(architecture, labels)));
  }

  /** The class of a node's GPUs for such a pod; empty if its labels do not name the product. */
  public static Optional<EngineTarget> gpu(Node node, PodResources resources) {
    Map<String, String> labels = NodeMatch.labels(node);
    String label = labels.get(PRODUCT);
    String architecture = labels.get(ARCHITECTURE);
    if (label == null || architecture == null) {
      return Optional.empty();
    }
    String name =
        label.endsWith(SHARED) ? label.substring(0, label.length() - SHARED.length()) : label;
    int mig = name.indexOf(MIG);
    String asked = resources.mig() == null ? null : resources.mig().profile();
    return Optional.of(
        new EngineTarget(
            architecture,
            null,
            mig < 0 ? name : name.substring(0, mig),
            capability(labels),
            // The profile that was asked for may say +me, which no label can.
            asked != null || mig < 0 ? asked : name.substring(mig + MIG.length()),
            labels.get("nvidia.com/cuda.driver.major")));
  }

  private static @Nullable String level(String architecture, Map<String, String> labels) {
    if (!"amd64".equals(architecture) || !labels.containsKey(CPU_FAMILY)) {
      return null;
    }
    if ("true".equals(labels.get(CPUID + "AVX512F"))) {
      return "x86-64-v4";
    }
    return "true".equals(labels.get(CPUID + "AVX2")) ? "x86-64-v3" : "x86-64-v2";
  }

  private static @Nullable String capability(Map<String, String> labels) {
    String major = labels.get("nvidia.com/gpu.compute.major");
    String minor = labels.get("nvidia.com/gpu.compute.minor");
    return major == null || minor == null ? null : major + "." + minor;
  }
}
