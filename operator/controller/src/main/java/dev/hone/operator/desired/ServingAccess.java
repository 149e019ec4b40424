package dev.hone.operator.desired;

import dev.hone.api.Names;
import dev.hone.api.common.SecretKey;
import dev.hone.api.inference.ApiKey;
import dev.hone.api.inference.Tls;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What clients of a served model need: TLS, a key, both or nothing. The kubelet reads the Secrets,
 * and so nobody else needs the right to.
 *
 * @param tls the certificate; null for plain HTTP
 * @param apiKey the keys; null where everybody is answered
 */
public record ServingAccess(@Nullable Tls tls, @Nullable ApiKey apiKey) implements PodAccess {

  /** Plain HTTP for everybody. */
  public static final ServingAccess OPEN = new ServingAccess(null, null);

  /** The volume with the certificate. */
  public static final String TLS_VOLUME = "hone-tls";

  /** The volume with the keys. */
  public static final String API_KEY_VOLUME = "hone-api-key";

  static final String TLS_VARIABLE = "HONE_TLS";
  static final String TLS_PATH = "/etc/hone/tls";
  static final String CLIENT_AUTH_VARIABLE = "HONE_TLS_CLIENT_AUTH";
  private static final String API_KEY_VARIABLE = "HONE_API_KEY_FILE";
  private static final String API_KEY_PATH = "/etc/hone/api-key";
  private static final String API_KEY_FILE = "key";

  /** Whether the ports for requests are encrypted. */
  public boolean isEncrypted() {
    return tls != null;
  }

  /** Whether everybody is answered, in plain HTTP. */
  public boolean isOpen() {
    return tls == null && apiKey == null;
  }

  /**
   * Whether a pod answers those alone on its ports for requests that speak TLS or have a key. The
   * kubelet and the operator have neither, and ask at the management port.
   */
  public static boolean isRestricted(Pod pod) {
    return pod.getSpec() != null
        && pod.getSpec().getContainers().stream()
            .filter(container -> Names.SERVER_CONTAINER.equals(container.getName()))
            .flatMap(container -> container.getEnv().stream())
            .map(EnvVar::getName)
            .anyMatch(name -> TLS_VARIABLE.equals(name) || API_KEY_VARIABLE.equals(name));
  }

  @Override
  public String probedPort() {
    return isOpen() ? Serving.HTTP_PORT_NAME : Serving.METRICS_PORT_NAME;
  }

  @Override
  public Map<String, String> env() {
    Map<String, String> env = new TreeMap<>();
    if (tls != null) {
      env.put(TLS_VARIABLE, TLS_PATH);
      if (tls.requiresClientCertificate()) {
        env.put(CLIENT_AUTH_VARIABLE, "Required");
      }
    }
    if (apiKey != null) {
      env.put(API_KEY_VARIABLE, API_KEY_PATH + "/" + API_KEY_FILE);
    }
    return env;
  }

  @Override
  public List<Volume> volumes() {
    List<Volume> volumes = new ArrayList<>();
    if (tls != null) {
      volumes.add(PodVolumes.secret(TLS_VOLUME, tls.secretName(), certificates(tls)));
    }
    if (apiKey != null) {
      SecretKey key = apiKey.secretKeyRef();
      volumes.add(
          PodVolumes.secret(
              API_KEY_VOLUME, key.name(), List.of(PodVolumes.item(key.key(), API_KEY_FILE))));
    }
    return volumes;
  }

  @Override
  public List<VolumeMount> mounts() {
    // Whole folders: a single file that is mounted by its path never changes again.
    List<VolumeMount> mounts = new ArrayList<>();
    if (tls != null) {
      mounts.add(PodVolumes.mount(TLS_VOLUME, TLS_PATH, true));
    }
    if (apiKey != null) {
      mounts.add(PodVolumes.mount(API_KEY_VOLUME, API_KEY_PATH, true));
    }
    return mounts;
  }

  /** Named one by one, so that the kubelet says which of them the Secret lacks. */
  private static List<KeyToPath> certificates(Tls tls) {
    List<KeyToPath> items = new ArrayList<>();
    items.add(PodVolumes.item("tls.crt", "tls.crt"));
    items.add(PodVolumes.item("tls.key", "tls.key"));
    if (tls.requiresClientCertificate()) {
      items.add(PodVolumes.item(Names.CA_KEY, Names.CA_KEY));
    }
    return items;
  }
}
