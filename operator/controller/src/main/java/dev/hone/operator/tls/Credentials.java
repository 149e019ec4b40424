package dev.hone.operator.tls;

import java.security.cert.X509Certificate;
import java.util.Map;

/**
 * What one end of a connection shows, and what it trusts.
 *
 * @param leaf its certificate and key
 * @param authority what has signed the certificate, and must have signed that of the other end
 */
public record Credentials(KeyPairAndCertificate leaf, X509Certificate authority) {

  /** The certificate in PEM. */
  public String certificatePem() {
    return Pem.write(leaf.certificate());
  }

  /** The key in PEM. */
  public String keyPem() {
    return Pem.write(leaf.key());
  }

  /** The authority's certificate in PEM. */
  public String authorityPem() {
    return Pem.write(authority);
  }

  /** All of it as the data of a Secret of type kubernetes.io/tls. */
  public Map<String, String> files() {
    return Map.of(
        CertificateSecrets.CERTIFICATE,
        certificatePem(),
        CertificateSecrets.KEY,
        keyPem(),
        "ca.crt",
        authorityPem());
  }
}
