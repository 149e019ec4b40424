package dev.hone.operator.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;

/** A certificate and the key that belongs to it. */
public record KeyPairAndCertificate(X509Certificate certificate, PrivateKey key) {

  /** How long the certificate is still valid; negative once it has ended. */
  public Duration remaining(Instant now) {
    return Duration.between(now, certificate.getNotAfter().toInstant());
  }

  /** The certificate alone: a key must never get into a log by way of this record. */
  @Override
  public String toString() {
    return "certificate %s of %s until %s"
        .formatted(
            certificate.getSerialNumber().toString(16),
            certificate.getSubjectX500Principal(),
            certificate.getNotAfter().toInstant());
  }
}
