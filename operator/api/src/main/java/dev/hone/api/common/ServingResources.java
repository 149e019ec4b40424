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
@ValidationRule(value = Cel.MIG_ALONE, message = Cel.MIG_ALONE_MESSAGE)
@ValidationRule(value = Cel.GPU_LABELS, message = Cel.GPU_LABELS_MESSAGE)
@ValidationRule(value = Cel.GPU_PRODUCTS_ONCE, message = Cel.GPU_PRODUCTS_ONCE_MESSAGE)
public record ServingResources(
    @Min(0) @Max(64) @JsonPropertyDescription("GPUs per pod (default: 0).") @Nullable Integer gpus,
    @JsonPropertyDescription(
            "One MIG instance of a GPU by its profile; instead of gpus. The pod runs one process.")
        @Nullable Mig mig,
    @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
        @JsonPropertyDescription(
            "Resource that GPUs are asked for by (default: nvidia.com/gpu, or what the operator is configured with); for"
                + " GPUs of other vendors, for example amd.com/gpu, and for shared ones that have a name of their own.")
        @Nullable String gpuResource,
    @Size(min = 1, max = 16)
        @JsonPropertyDescription(
            "GPU products that the pod may run on, as the node label nvidia.com/gpu.product names them (default: any).")
        List<@Size(min = 1, max = 63) String> gpuProducts,
    @JsonPropertyDescription("What the GPUs must be like.") @Nullable GpuFeatures gpuRequirements,
    @Size(min = 1, max = 8)
        @JsonPropertyDescription("What the GPUs had better be like; any others will do.")
        List<GpuPreference> gpuPreferences,
    @Size(min = 1, max = 8)
        @JsonPropertyDescription(
            "Devices by dynamic resource allocation, as the pod and its container get them. They do not count as gpus:"
                + " the pod runs one process.")
        List<DeviceClaim> resourceClaims,
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
        @JsonPropertyDescription(
            "Size of the memory-backed /dev/shm; counts as memory (default: half of memory for a pod of several GPUs,"
                + " otherwise what the container runtime gives, 64 MiB).")
        @Nullable Quantity sharedMemory)
    implements PodResources {

  public ServingResources {
    gpuProducts = gpuProducts == null ? List.of() : List.copyOf(gpuProducts);
    gpuPreferences = gpuPreferences == null ? List.of() : List.copyOf(gpuPreferences);
    resourceClaims = resourceClaims == null ? List.of() : List.copyOf(resourceClaims);
  }

  /** CPUs and memory alone, for a container that prepares what the pod computes. */
  public ServingResources withoutDevices() {
    return new ServingResources(
        null, null, null, List.of(), null, List.of(), List.of(), cpu, memory, null, null, null);
  }

  /** The same with a resource for GPUs, where none is named. */
  public ServingResources withGpuResource(String resource) {
    return new ServingResources(
        gpus,
        mig,
        gpuResource == null ? resource : gpuResource,
        gpuProducts,
        gpuRequirements,
        gpuPreferences,
        resourceClaims,
        cpu,
        memory,
        runtimeClassName,
        priorityClassName,
        sharedMemory);
  }
}
