package dev.hone.operator.tls;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The authority whose key lies in the Secret {@value #SECRET}: made once by whichever replica comes
 * first, and read by the others.
 */
final class SecretCertificateAuthority implements CertificateAuthority {
  static final String SECRET = "hone-ca";
  private static final Logger LOG = Logger.getLogger(SecretCertificateAuthority.class);

  private final CertificateSecrets secrets;
  private final CertificateIssuer issuer;
  // A monitor would pin the carrier of a virtual thread for the length of an API call.
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable KeyPairAndCertificate current;

  SecretCertificateAuthority(CertificateSecrets secrets, CertificateIssuer issuer) {
    this.secrets = secrets;
    this.issuer = issuer;
  }

  @Override
  public String caCertificatePem() {
    return Pem.write(current().certificate());
  }

  /** The authority as this process knows it; read if it knows none yet. */
  KeyPairAndCertificate current() {
    KeyPairAndCertificate known = current;
    return known != null ? known : refresh();
  }

  /**
   * Reads the authority, and makes it if there is none. If somebody has deleted the Secret, the
   * authority that this process knows is written back: running pods trust it.
   */
  KeyPairAndCertificate refresh() {
    lock.lock();
    try {
      KeyPairAndCertificate found = readOrMake();
      if (current != null && !current.certificate().equals(found.certificate())) {
        LOG.warnf(
            "The Secret %s was replaced. Pods that were started before keep trusting the old"
                + " authority; their reports fail.",
            SECRET);
      }
      current = found;
      return found;
    } finally {
      lock.unlock();
    }
  }

  private KeyPairAndCertificate readOrMake() {
    while (true) {
      Optional<CertificateSecrets.Stored> stored = secrets.read(SECRET);
      if (stored.isPresent() && stored.get().content() != null) {
        return stored.get().content();
      }
      KeyPairAndCertificate made = current != null ? current : issuer.authority("hone-ca");
      boolean written =
          stored.isPresent()
              ? secrets.replace(SECRET, stored.get(), made)
              : secrets.create(SECRET, made);
      if (written) {
        LOG.infof("Wrote the Secret %s: %s", SECRET, made);
        return made;
      }
    }
  }
}
