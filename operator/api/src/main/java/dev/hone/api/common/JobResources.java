package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What each pod of a run asks for. */
@ApiType
@ValidationRule(value = Cel.GPU_FIELDS, message = Cel.GPU_FIELDS_MESSAGE)
@ValidationRule(
    value =
        "!has(self.gpuResource) || !self.gpuResource.contains('/mig-') || !has(self.gpus) || self.gpus <= 1",
    message =
        "a process uses one MIG instance, and several cannot train together in a pod: write gpus: 1, or whole GPUs")
public record JobResources(
    @Min(0)
        @Max(64)
        @JsonPropertyDescription("GPUs per pod, each with a process of its own (default: 0).")
        @Nullable Integer gpus,
    @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
        @JsonPropertyDescription(
            "Resource that GPUs are asked for by: nvidia.com/gpu (the default), or one of a MIG profile such as"
                + " nvidia.com/mig-1g.10gb.")
        @Nullable String gpuResource,
    @Size(min = 1, max = 16)
        @JsonPropertyDescription(
            "GPU products that the pod may run on, as the node label nvidia.com/gpu.product names them (default: any).")
        List<@Size(min = 1, max = 63) String> gpuProducts,
    @Size(min = 1, max = 32)
        @ValidationRule(value = Cel.QUANTITY, message = Cel.QUANTITY_MESSAGE)
        @JsonPropertyDescription("CPUs per pod; request and limit.")
        @Nullable Quantity cpu,
    @Size(min = 1, max = 32)
        @ValidationRule(value = Cel.QUANTITY, message = Cel.QUANTITY_MESSAGE)
        @JsonPropertyDescription("Memory per pod; request and limit.")
        @Nullable Quantity memory,
    @Min(1)
        @Max(64)
        @JsonPropertyDescription(
            "Nodes that train together, each with a pod like this (default: 1).")
        @Nullable Integer nodes,
    @Size(min = 1, max = 253) @JsonPropertyDescription("RuntimeClass of the pods.")
        @Nullable String runtimeClassName,
    @Size(min = 1, max = 253) @JsonPropertyDescription("PriorityClass of the pods.")
        @Nullable String priorityClassName,
    @Size(min = 1, max = 32)
        @ValidationRule(value = Cel.QUANTITY, message = Cel.QUANTITY_MESSAGE)
        @JsonPropertyDescription("Size of the memory-backed /dev/shm; counts as memory.")
        @Nullable Quantity sharedMemory)
    implements PodResources {

  public JobResources {
    gpuProducts = gpuProducts == null ? List.of() : List.copyOf(gpuProducts);
  }

  /** Number of nodes, and so of pods. */
  public int nodeCount() {
    return nodes == null ? 1 : nodes;
  }
}
