package dev.hone.operator.desired;

import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The volumes that the addresses of a run name. Each claim is mounted once, at {@value
 * #ROOT}/CLAIM; it is writable only if the output is in it.
 */
public record PvcMounts(List<Volume> volumes, List<VolumeMount> mounts) {

  /** Folder below which claims are mounted, for runs. */
  public static final String ROOT = "/mnt/pvc";

  /** The volumes for the given inputs and output; addresses that are not pvc:// need none. */
  public static PvcMounts of(Collection<String> inputs, String output) {
    SequencedMap<String, Boolean> readOnlyByClaim = new TreeMap<>();
    inputs.forEach(
        uri -> PvcUri.parse(uri).ifPresent(pvc -> readOnlyByClaim.put(pvc.claim(), true)));
    PvcUri.parse(output).ifPresent(pvc -> readOnlyByClaim.put(pvc.claim(), false));
    List<Volume> volumes = new ArrayList<>();
    List<VolumeMount> mounts = new ArrayList<>();
    readOnlyByClaim.forEach(
        (claim, readOnly) -> {
          // A claim's name may have dots and 253 characters, a volume's may not.
          String volume = "hone-pvc-" + volumes.size();
          // Left writable in the volume itself: the mount alone says what this container may do.
          volumes.add(
              new VolumeBuilder()
                  .withName(volume)
                  .withNewPersistentVolumeClaim()
                  .withClaimName(claim)
                  .endPersistentVolumeClaim()
                  .build());
          mounts.add(
              new VolumeMountBuilder()
                  .withName(volume)
                  .withMountPath(ROOT + "/" + claim)
                  .withReadOnly(readOnly ? true : null)
                  .build());
        });
    return new PvcMounts(volumes, mounts);
  }
}
