package dev.hone.operator.tls;

import dev.hone.operator.config.HoneConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Knows the certificates that are valid now. {@link #refresh} looks at the shared Secrets again and
 * tells the listener when there is a new one, so that it is served without a restart.
 */
public final class CertificateKeeper implements CertificateAuthority {
  private final SecretCertificateAuthority authority;
  private final ServingCertificates serving;
  private final ControlCertificates control;
  private final Clock clock;
  private volatile @Nullable KeyPairAndCertificate served;

  /** Keeps the certificates of the given configuration. */
  public CertificateKeeper(KubernetesClient client, HoneConfig config, Clock clock) {
    var secrets = new CertificateSecrets(client, config.operatorNamespace());
    var issuer = new CertificateIssuer(clock);
    this.clock = clock;
    this.authority = new SecretCertificateAuthority(secrets, issuer);
    this.serving =
        new ServingCertificates(
            secrets,
            issuer,
            SubjectName.of(config),
            config.tls().validity(),
            config.tls().renewBefore(),
            clock);
    this.control =
        new ControlCertificates(
            authority::current, issuer, config.tls().validity(), config.tls().renewBefore(), clock);
  }

  @Override
  public String caCertificatePem() {
    return authority.caCertificatePem();
  }

  /** The certificates by which the operator and its routers know each other. */
  public ControlCertificates control() {
    return control;
  }

  /** Brings the certificates up to date; calls {@code onChange} if another must be served. */
  public void refresh(Consumer<PemKeyCertOptions> onChange) {
    KeyPairAndCertificate wanted = serving.ensure(authority.refresh());
    KeyPairAndCertificate before = served;
    if (before == null || !before.certificate().equals(wanted.certificate())) {
      onChange.accept(options(wanted));
      served = wanted;
    }
  }

  /** How long the served certificate is valid; zero before the first {@link #refresh}. */
  public Duration remaining() {
    KeyPairAndCertificate known = served;
    return known == null ? Duration.ZERO : known.remaining(clock.instant());
  }

  private static PemKeyCertOptions options(KeyPairAndCertificate content) {
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(Pem.write(content.certificate())))
        .addKeyValue(Buffer.buffer(Pem.write(content.key())));
  }
}
