package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** The class of machine that an engine is built on and runs on. */
@ApiType
public record EngineTarget(
    @Required
        @Size(min = 1, max = 32)
        @Pattern("^[a-z0-9]+$")
        @JsonPropertyDescription("Architecture of the CPU, as the label kubernetes.io/arch has it.")
        String architecture,
    @Size(max = 16)
        @Pattern("^x86-64-v[234]$")
        @JsonPropertyDescription(
            "Level of the CPU's instructions, x86-64-v2 to x86-64-v4; without it the engine holds"
                + " nothing that not every CPU of the architecture can run.")
        @Nullable String cpuLevel,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Product of the GPU, as the label nvidia.com/gpu.product has it, without what MIG and"
                + " sharing add.")
        @Nullable String gpuProduct,
    @Size(max = 8)
        @Pattern("^[1-9][0-9]?[.][0-9]$")
        @JsonPropertyDescription("Compute capability of the GPU, for example 9.0.")
        @Nullable String computeCapability,
    @Size(max = 32)
        @Pattern("^([1-7]c[.])?[1-7]g[.][1-9][0-9]{0,2}gb([+]me)?$")
        @JsonPropertyDescription("Profile of the MIG instance, for example 3g.40gb.")
        @Nullable String migProfile,
    @Size(max = 8)
        @Pattern("^[1-9][0-9]{0,3}$")
        @JsonPropertyDescription("Major version of the GPU's driver, for example 550.")
        @Nullable String driver) {

  /** A class of CPUs. */
  public static EngineTarget cpu(String architecture, @Nullable String level) {
    return new EngineTarget(architecture, level, null, null, null, null);
  }

  /** The class in a few words, for sentences and columns. */
  public String words() {
    if (gpuProduct != null) {
      return migProfile == null ? gpuProduct : gpuProduct + " (MIG " + migProfile + ")";
    }
    return cpuLevel == null ? architecture : cpuLevel;
  }
}
