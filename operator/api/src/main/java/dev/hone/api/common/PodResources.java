package dev.hone.api.common;

import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one pod asks for, whatever its kind. */
public interface PodResources {

  /** Number of GPUs, or null for none. */
  @Nullable Integer gpus();

  /** Extended resource that GPUs are asked for by, or null for {@link #DEFAULT_GPU_RESOURCE}. */
  @Nullable String gpuResource();

  /** A MIG instance instead of GPUs, or null for none. */
  @Nullable Mig mig();

  /** What the GPUs must be like, or null for any. */
  @Nullable GpuFeatures gpuRequirements();

  /** What the GPUs had better be like. */
  List<GpuPreference> gpuPreferences();

  /** Devices by dynamic resource allocation. */
  List<DeviceClaim> resourceClaims();

  /** Number of devices that are asked for as an extended resource; 0 for none. */
  default int deviceCount() {
    if (mig() != null) {
      return 1;
    }
    Integer gpus = gpus();
    return gpus == null ? 0 : gpus;
  }

  /** Extended resource of those devices. */
  default String deviceResource() {
    Mig mig = mig();
    if (mig != null) {
      return mig.resource();
    }
    String named = gpuResource();
    return named == null ? DEFAULT_GPU_RESOURCE : named;
  }

  /** GPU products that the pod may run on; empty for any. */
  List<String> gpuProducts();

  @Nullable Quantity cpu();

  @Nullable Quantity memory();

  @Nullable String runtimeClassName();

  @Nullable String priorityClassName();

  /** Size of /dev/shm, or null for the container runtime's default. */
  @Nullable Quantity sharedMemory();

  String DEFAULT_GPU_RESOURCE = "nvidia.com/gpu";
}
