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

/** What each serving pod asks for. */
@ApiType
@ValidationRule(value = Cel.GPU_FIELDS, message = Cel.GPU_FIELDS_MESSAGE)
public record ServingResources(
    @Min(0) @Max(64) @JsonPropertyDescription("GPUs per pod (default: 0).") @Nullable Integer gpus,
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
    @Size(min = 1, max = 253) @JsonPropertyDescription("RuntimeClass of the pods.")
        @Nullable String runtimeClassName,
    @Size(min = 1, max = 253) @JsonPropertyDescription("PriorityClass of the pods.")
        @Nullable String priorityClassName,
    @Size(min = 1, max = 32)
        @ValidationRule(value = Cel.QUANTITY, message = Cel.QUANTITY_MESSAGE)
        @JsonPropertyDescription("Size of the memory-backed /dev/shm; counts as memory.")
        @Nullable Quantity sharedMemory)
    implements PodResources {

  public ServingResources {
    gpuProducts = gpuProducts == null ? List.of() : List.copyOf(gpuProducts);
  }
}
