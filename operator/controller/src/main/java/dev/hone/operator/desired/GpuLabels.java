package dev.hone.operator.desired;

import dev.hone.api.common.GpuFeatures;
import dev.hone.api.common.GpuSharing;
import dev.hone.api.common.Mig;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirementBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What GPUs are like, in terms of the node labels of NVIDIA's GPU Feature Discovery. A list of
 * requirements holds if all of them do; a list of such lists if one of them does.
 */
final class GpuLabels {

  static final String PRODUCT = "nvidia.com/gpu.product";

  /** Memory of a GPU, or of a MIG instance under the strategy "single", in MiB. */
  static final String MEMORY = "nvidia.com/gpu.memory";

  private static final String COMPUTE = "nvidia.com/gpu.compute";
  private static final String DRIVER = "nvidia.com/cuda.driver";

  /** Major version of a GPU's driver. */
  static final String DRIVER_MAJOR = DRIVER + ".major";

  private static final String SHARING = "nvidia.com/gpu.sharing-strategy";
  private static final String MIG_STRATEGY = "nvidia.com/mig.strategy";
  private static final String GPU_SLICES = "nvidia.com/gpu.slices.gi";
  private static final String COMPUTE_SLICES = "nvidia.com/gpu.slices.ci";

  private static final BigDecimal MEBIBYTE = BigDecimal.valueOf(1L << 20);
  private static final long MEBIBYTES_PER_GIBIBYTE = 1024;

  private GpuLabels() {}

  /** The alternatives by which a GPU has the features. */
  static List<List<NodeSelectorRequirement>> alternatives(GpuFeatures features, @Nullable Mig mig) {
    List<NodeSelectorRequirement> all = new ArrayList<>();
    if (!features.products().isEmpty()) {
      all.add(products(features.products(), mig));
    }
    Quantity memory = features.minMemory();
    if (memory != null) {
      all.add(greater(MEMORY, mebibytes(memory) - 1));
    }
    GpuSharing sharing = features.sharing();
    if (sharing != null) {
      all.add(sharing(sharing));
    }
    List<List<NodeSelectorRequirement>> alternatives = List.of(all);
    alternatives = cross(alternatives, version(COMPUTE, features.minComputeCapability()));
    return cross(alternatives, version(DRIVER, features.minDriver()));
  }

  /** Each of the first alternatives together with each of the second. */
  static List<List<NodeSelectorRequirement>> cross(
      List<List<NodeSelectorRequirement>> first, List<List<NodeSelectorRequirement>> second) {
    List<List<NodeSelectorRequirement>> both = new ArrayList<>();
    for (List<NodeSelectorRequirement> one : first) {
      for (List<NodeSelectorRequirement> other : second) {
        List<NodeSelectorRequirement> together = new ArrayList<>(one);
        together.addAll(other);
        both.add(List.copyOf(together));
      }
    }
    return List.copyOf(both);
  }

  /** One of some products; where a node offers MIG instances as GPUs, their profile follows. */
  static NodeSelectorRequirement products(List<String> products, @Nullable Mig mig) {
    String suffix = mig != null && mig.isSingle() ? "-MIG-" + mig.profile() : "";
    return in(
        PRODUCT,
        products.stream().map(name -> name.contains("-MIG-") ? name : name + suffix).toList());
  }

  /**
   * Nodes whose GPUs are all partitioned into instances of a profile. Its name rounds the memory
   * up, at most by an eighth of the GPU's.
   */
  static List<NodeSelectorRequirement> singleStrategy(Mig mig) {
    String[] parts = mig.profile().split("[.]", -1);
    String memory = parts[parts.length - 1].replace("gb", "");
    String gpuSlices = parts[parts.length - 2].replace("g", "");
    String computeSlices = parts.length == 3 ? parts[0].replace("c", "") : gpuSlices;
    long mebibytes = Long.parseLong(memory) * MEBIBYTES_PER_GIBIBYTE;
    return List.of(
        in(MIG_STRATEGY, List.of("single")),
        in(GPU_SLICES, List.of(gpuSlices)),
        in(COMPUTE_SLICES, List.of(computeSlices)),
        greater(MEMORY, mebibytes * 3 / 4),
        requirement(MEMORY, "Lt", List.of(String.valueOf(mebibytes + 1))));
  }

  /** At least the version MAJOR or MAJOR.MINOR, whose parts have a label each. */
  private static List<List<NodeSelectorRequirement>> version(
      String label, @Nullable String version) {
    if (version == null) {
      return List.of(List.of());
    }
    String[] parts = version.split("[.]", 2);
    long major = Long.parseLong(parts[0]);
    long minor = parts.length == 1 ? 0 : Long.parseLong(parts[1]);
    String majorLabel = label + ".major";
    if (minor == 0) {
      return List.of(List.of(greater(majorLabel, major - 1)));
    }
    return List.of(
        List.of(greater(majorLabel, major)),
        List.of(
            in(majorLabel, List.of(String.valueOf(major))), greater(label + ".minor", minor - 1)));
  }

  private static NodeSelectorRequirement sharing(GpuSharing sharing) {
    return switch (sharing) {
      // Older versions of the device plugin share nothing and have no such label.
      case EXCLUSIVE -> requirement(SHARING, "NotIn", List.of("time-slicing", "mps"));
      case TIME_SLICING -> in(SHARING, List.of("time-slicing"));
      case MPS -> in(SHARING, List.of("mps"));
    };
  }

  private static long mebibytes(Quantity memory) {
    return memory.getNumericalAmount().divide(MEBIBYTE, 0, RoundingMode.CEILING).longValueExact();
  }

  private static NodeSelectorRequirement in(String label, List<String> values) {
    return requirement(label, "In", values);
  }

  private static NodeSelectorRequirement greater(String label, long than) {
    return requirement(label, "Gt", List.of(String.valueOf(than)));
  }

  private static NodeSelectorRequirement requirement(
      String label, String operator, List<String> values) {
    return new NodeSelectorRequirementBuilder()
        .withKey(label)
        .withOperator(operator)
        .withValues(values)
        .build();
  }
}
