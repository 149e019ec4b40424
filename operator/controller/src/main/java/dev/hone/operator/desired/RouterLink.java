package dev.hone.operator.desired;

import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Pods of a rollout's versions whose clients need TLS or a key: the routers see to that, and the
 * pods answer nobody but them. Both sides know each other by certificates of the operator's.
 *
 * @param router the name that the certificates of the routers are for
 * @param secretName the Secret with the certificate that the pods show
 */
public record RouterLink(String router, String secretName) implements PodAccess {

  /** Not that of a user's own certificate: what is wrong with it is not in the spec. */
  private static final String VOLUME = "hone-router-link";

  @Override
  public Map<String, String> env() {
    return Map.of(
        ServingAccess.TLS_VARIABLE,
        ServingAccess.TLS_PATH,
        ServingAccess.CLIENT_AUTH_VARIABLE,
        "Required",
        "HONE_TLS_CLIENT_NAME",
        router);
  }

  @Override
  public List<Volume> volumes() {
    return List.of(
        PodVolumes.secret(
            VOLUME,
            secretName,
            Stream.of("tls.crt", "tls.key", Names.CA_KEY)
                .map(file -> PodVolumes.item(file, file))
                .toList()));
  }

  @Override
  public List<VolumeMount> mounts() {
    return List.of(PodVolumes.mount(VOLUME, ServingAccess.TLS_PATH, true));
  }

  @Override
  public String probedPort() {
    return Serving.METRICS_PORT_NAME;
  }
}
