package dev.hone.operator.desired;

import dev.hone.api.engine.EngineTarget;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirementBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Puts pods on nodes of the classes that an engine was built for. */
public final class EngineAffinity {

  /** What Node Feature Discovery says of a CPU's instructions, as labels with the value true. */
  private static final String CPUID = "feature.node.kubernetes.io/cpu-cpuid.";

  private static final String CPU_FAMILY = "feature.node.kubernetes.io/cpu-model.family";
  private static final String TRUE = "true";

  private EngineAffinity() {}

  /** The pod on nodes of one of the classes alone; as it was, if there is none. */
  public static PodSpec place(PodSpec pod, Collection<EngineTarget> targets) {
    if (targets.isEmpty()) {
      return pod;
    }
    var builder = new PodSpecBuilder(pod);
    GpuAffinity.require(
        builder, targets.stream().map(EngineAffinity::requirements).distinct().toList());
    return builder.build();
  }

  /** The labels that nodes of a class have, and no other nodes. */
  static List<NodeSelectorRequirement> requirements(EngineTarget target) {
    List<NodeSelectorRequirement> all = new ArrayList<>();
    all.add(requirement("kubernetes.io/arch", "In", target.architecture()));
    if (target.gpuProduct() == null) {
      all.addAll(cpu(target.cpuLevel() == null ? "" : target.cpuLevel()));
      return all;
    }
    String product = target.gpuProduct();
    // Shared GPUs and instances of the strategy "single" say so in the product's label; whether a
    // pod gets a whole GPU is up to the resource that it asks for.
    List<String> products = new ArrayList<>(List.of(product, product + "-SHARED"));
    if (target.migProfile() != null) {
      String instance = product + "-MIG-" + target.migProfile();
      products.addAll(List.of(instance, instance + "-SHARED"));
    }
    all.add(requirement(GpuLabels.PRODUCT, "In", products.toArray(String[]::new)));
    if (target.driver() != null) {
      all.add(requirement(GpuLabels.DRIVER_MAJOR, "In", target.driver()));
    }
    return all;
  }

  private static List<NodeSelectorRequirement> cpu(String level) {
    return switch (level) {
      case "x86-64-v4" -> List.of(requirement(CPUID + "AVX512F", "In", TRUE));
      case "x86-64-v3" ->
          List.of(
              requirement(CPUID + "AVX512F", "NotIn", TRUE),
              requirement(CPUID + "AVX2", "In", TRUE));
      case "x86-64-v2" ->
          List.of(
              requirement(CPU_FAMILY, "Exists"),
              requirement(CPUID + "AVX512F", "NotIn", TRUE),
              requirement(CPUID + "AVX2", "NotIn", TRUE));
      default -> List.of();
    };
  }

  private static NodeSelectorRequirement requirement(
      String label, String operator, String... values) {
    return new NodeSelectorRequirementBuilder()
        .withKey(label)
        .withOperator(operator)
        .withValues(values)
        .build();
  }
}
