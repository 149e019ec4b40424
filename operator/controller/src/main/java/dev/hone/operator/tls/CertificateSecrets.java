package dev.hone.operator.tls;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps certificates in Secrets of the operator's namespace, so that every replica has the same.
 */
final class CertificateSecrets {
  static final String CERTIFICATE = "tls.crt";
  static final String KEY = "tls.key";
  private static final String TYPE = "kubernetes.io/tls";
  private static final Map<String, String> LABELS =
      Map.of("app.kubernetes.io/managed-by", "hone", "app.kubernetes.io/name", SubjectName.SERVICE);

  private final KubernetesClient client;
  private final String namespace;

  CertificateSecrets(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** What a Secret holds, and the version of it that was read. */
  record Stored(String resourceVersion, @Nullable KeyPairAndCertificate content) {}

  /** The Secret's content; without content if there is none that can be used. */
  Optional<Stored> read(String name) {
    return Optional.ofNullable(client.secrets().inNamespace(namespace).withName(name).get())
        .map(CertificateSecrets::stored);
  }

  /** Creates the Secret; false if another replica was faster. */
  boolean create(String name, KeyPairAndCertificate content) {
    return succeeded(() -> client.resource(secret(name, content, null)).create());
  }

  /** Replaces exactly the version that was read; false if another replica was faster. */
  boolean replace(String name, Stored read, KeyPairAndCertificate content) {
    return succeeded(() -> client.resource(secret(name, content, read.resourceVersion())).update());
  }

  private static boolean succeeded(Runnable write) {
    try {
      write.run();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT
          || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private Secret secret(
      String name, KeyPairAndCertificate content, @Nullable String resourceVersion) {
    return new SecretBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .withLabels(LABELS)
        .withResourceVersion(resourceVersion)
        .endMetadata()
        .withType(TYPE)
        .addToData(CERTIFICATE, encode(Pem.write(content.certificate())))
        .addToData(KEY, encode(Pem.write(content.key())))
        .build();
  }

  private static Stored stored(Secret secret) {
    String version = secret.getMetadata().getResourceVersion();
    Map<String, String> data = Optional.ofNullable(secret.getData()).orElse(Map.of());
    String certificate = data.get(CERTIFICATE);
    String key = data.get(KEY);
    if (certificate == null || key == null) {
      return new Stored(version, null);
    }
    try {
      return new Stored(version, Pem.read(decode(certificate), decode(key)));
    } catch (GeneralSecurityException e) {
      return new Stored(version, null);
    }
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String decode(String base64) {
    return new String(Base64.getDecoder().decode(base64), StandardCharsets.US_ASCII);
  }
}
