package dev.hone.operator.desired;

import dev.hone.api.common.PodResources;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * The memory-backed /dev/shm of a pod. The processes of several GPUs exchange gradients through it,
 * and the 64 MiB that container runtimes give are too small for that.
 *
 * @param size its size; null for the whole memory of the pod
 */
record SharedMemory(@Nullable Quantity size) {

  static final String PATH = "/dev/shm";
  private static final String VOLUME = "hone-shm";
  private static final BigDecimal HALF = BigDecimal.valueOf(2);

  /**
   * What the resources ask for: null if the container runtime's default will do, or if the user's
   * template mounts one.
   */
  static @Nullable SharedMemory of(@Nullable PodResources resources, boolean mounted) {
    if (resources == null) {
      return null;
    }
    if (resources.sharedMemory() != null) {
      return new SharedMemory(resources.sharedMemory());
    }
    if (mounted || resources.deviceCount() < 2) {
      return null;
    }
    Quantity memory = resources.memory();
    return new SharedMemory(memory == null ? null : half(memory));
  }

  /** Whether the user's container of that name brings one itself. */
  static boolean isMounted(@Nullable PodTemplateSpec template, String container) {
    return template != null
        && template.getSpec() != null
        && template.getSpec().getContainers().stream()
            .filter(given -> container.equals(given.getName()))
            .flatMap(given -> given.getVolumeMounts().stream())
            .anyMatch(mount -> PATH.equals(mount.getMountPath()));
  }

  Volume volume() {
    return new VolumeBuilder()
        .withName(VOLUME)
        .withNewEmptyDir()
        .withMedium("Memory")
        .withSizeLimit(size)
        .endEmptyDir()
        .build();
  }

  VolumeMount mount() {
    return new VolumeMountBuilder().withName(VOLUME).withMountPath(PATH).build();
  }

  /** As the kernel sizes it on a machine. */
  private static Quantity half(Quantity memory) {
    BigDecimal bytes = memory.getNumericalAmount().divide(HALF, 0, RoundingMode.DOWN);
    return new Quantity(bytes.toPlainString());
  }
}
