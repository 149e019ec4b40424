package dev.hone.operator.tls;

import dev.hone.operator.tls.CertificateSecrets.Stored;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The serving certificate that all replicas share in the Secret {@value #SECRET}. */
final class ServingCertificates {
  static final String SECRET = "hone-serving-cert";
  private static final Logger LOG = Logger.getLogger(ServingCertificates.class);

  private final CertificateSecrets secrets;
  private final CertificateIssuer issuer;
  private final Set<SubjectName> names;
  private final Duration validity;
  private final Duration renewBefore;
  private final Clock clock;

  ServingCertificates(
      CertificateSecrets secrets,
      CertificateIssuer issuer,
      Set<SubjectName> names,
      Duration validity,
      Duration renewBefore,
      Clock clock) {
    this.secrets = secrets;
    this.issuer = issuer;
    this.names = names;
    this.validity = validity;
    this.renewBefore = renewBefore;
    this.clock = clock;
  }

  /** The shared certificate, issued again if it ends soon, lacks a name or is of another CA. */
  KeyPairAndCertificate ensure(KeyPairAndCertificate ca) {
    while (true) {
      Optional<Stored> stored = secrets.read(SECRET);
      KeyPairAndCertificate found = stored.map(Stored::content).orElse(null);
      String reason = reasonToIssue(found, ca);
      if (found != null && reason == null) {
        return found;
      }
      KeyPairAndCertificate made = issuer.server(ca, SubjectName.SERVICE, names, validity);
      boolean written =
          stored.isPresent()
              ? secrets.replace(SECRET, stored.get(), made)
              : secrets.create(SECRET, made);
      if (written) {
        LOG.infof("Wrote the Secret %s because %s: %s", SECRET, reason, made);
        return made;
      }
    }
  }

  private @Nullable String reasonToIssue(
      @Nullable KeyPairAndCertificate found, KeyPairAndCertificate ca) {
    if (found == null) {
      return "there was none";
    }
    if (found.remaining(clock.instant()).compareTo(renewBefore) < 0) {
      return "the old one ends soon";
    }
    if (!isSignedBy(found.certificate(), ca.certificate())) {
      return "the old one is of another authority";
    }
    if (!alternativeNames(found.certificate())
        .containsAll(names.stream().map(SubjectName::value).collect(Collectors.toSet()))) {
      return "the old one lacks a name";
    }
    return null;
  }

  private static boolean isSignedBy(X509Certificate certificate, X509Certificate ca) {
    try {
      certificate.verify(ca.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static Set<String> alternativeNames(X509Certificate certificate) {
    try {
      Collection<List<?>> names =
          Optional.ofNullable(certificate.getSubjectAlternativeNames()).orElse(List.of());
      return names.stream().map(entry -> String.valueOf(entry.get(1))).collect(Collectors.toSet());
    } catch (GeneralSecurityException e) {
      return Set.of();
    }
  }
}
