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
