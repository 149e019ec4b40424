package dev.hone.operator.tls;

import java.time.Clock;
import java.time.Duration;

/** An authority that is kept nowhere. */
public final class TestAuthority {
  static final Duration VALIDITY = Duration.ofDays(90);
  static final Duration RENEW_BEFORE = Duration.ofDays(30);

  private final CertificateIssuer issuer;
  private volatile KeyPairAndCertificate current;

  /** An authority whose certificates begin when that clock says. */
  public TestAuthority(Clock clock) {
    issuer = new CertificateIssuer(clock);
    current = issuer.authority("test-ca");
  }

  /** Puts another authority in its place. */
  public void replace() {
    current = issuer.authority("test-ca");
  }

  /** The certificates of the operator and its routers. */
  public ControlCertificates control(Clock clock) {
    return new ControlCertificates(
        () -> current, new CertificateIssuer(clock), VALIDITY, RENEW_BEFORE, clock);
  }
}
