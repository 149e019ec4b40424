package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** One instance of a partitioned GPU (NVIDIA Multi-Instance GPU). */
@ApiType
@ValidationRule(
    value = "!has(self.strategy) || self.strategy != 'Single' || !self.profile.endsWith('+me')",
    message =
        "no node label tells a profile with +me from one without: write it without +me, or strategy: Mixed")
public record Mig(
    @Required
        @Size(max = 32)
        @Pattern("^([1-7]c[.])?[1-7]g[.][1-9][0-9]{0,2}gb([+]me)?$")
        @JsonPropertyDescription("Profile as nvidia-smi names it, for example 3g.40gb.")
        String profile,
    @JsonPropertyDescription(
            "How the nodes offer instances: Mixed (the default), a resource for each profile such as"
                + " nvidia.com/mig-3g.40gb, or Single, nvidia.com/gpu on nodes whose labels name the profile.")
        @Nullable MigStrategy strategy) {

  private static final String VENDOR = "nvidia.com/";

  /** Whether all instances of the nodes are alike, and offered as if they were whole GPUs. */
  public boolean isSingle() {
    return strategy == MigStrategy.SINGLE;
  }

  /** Extended resource that the instance is asked for by. */
  public String resource() {
    return isSingle()
        ? PodResources.DEFAULT_GPU_RESOURCE
        : VENDOR + "mig-" + profile.replace('+', '.');
  }
}
