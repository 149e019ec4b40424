package dev.hone.operator.tls;

import dev.hone.api.Sha256;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The certificates of the operator, its routers and the versions behind them, by which they know
 * each other: leaves of the authority that all replicas share, so that each of them can talk to
 * every router.
 */
public final class ControlCertificates {
  private static final String ROUTER = "hone-router";
  private static final String VERSION = "hone-version";

  private final Supplier<KeyPairAndCertificate> authority;
  private final CertificateIssuer issuer;
  private final Duration validity;
  private final Duration period;
  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Credentials operator;

  /**
   * Issues leaves.
   *
   * @param authority what signs them now
   * @param validity how long one is valid
   * @param renewBefore what is left of that when the next one takes its place
   */
  ControlCertificates(
      Supplier<KeyPairAndCertificate> authority,
      CertificateIssuer issuer,
      Duration validity,
      Duration renewBefore,
      Clock clock) {
    this.authority = authority;
    this.issuer = issuer;
    this.validity = validity;
    this.period = validity.minus(renewBefore);
    this.clock = clock;
    if (!period.isPositive()) {
      throw new IllegalArgumentException(
          "HONE_TLS_RENEW_BEFORE is %s: write a time that is shorter than HONE_TLS_VALIDITY, which is %s"
              .formatted(renewBefore, validity));
    }
  }

  /** What the operator shows routers; only kept in memory, for another one is as good. */
  public Credentials operator() {
    KeyPairAndCertificate ca = authority.get();
    lock.lock();
    try {
      Credentials known = operator;
      if (known == null || !known.authority().equals(ca.certificate()) || endsSoon(known)) {
        known = new Credentials(issuer.client(ca, SubjectName.SERVICE, validity), ca.certificate());
        operator = known;
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  private boolean endsSoon(Credentials known) {
    return known.leaf().remaining(clock.instant()).compareTo(validity.minus(period)) < 0;
  }

  /**
   * Which certificate the routers of a resource have now. It says another one at the end of a
   * period, and under another authority: a Secret that is named by it need not be read to be
   * renewed. Whatever was issued in a period outlives it by the time to renew in.
   *
   * @param uid of the resource; the periods of two do not end together
   */
  public String edition(String uid) {
    X509Certificate ca = authority.get().certificate();
    long length = period.toMillis();
    long shift = Math.floorMod(ByteBuffer.wrap(Sha256.bytes(uid)).getLong(), length);
    return "%s/%d/%s"
        .formatted(uid, Math.floorDiv(clock.millis() + shift, length), Sha256.hex(Pem.write(ca)));
  }

  /** Issues what routers show, who are called by that name, and call versions by it. */
  public Credentials linkedRouter(String host) {
    KeyPairAndCertificate ca = authority.get();
    return new Credentials(
        issuer.peer(ca, ROUTER, new SubjectName(host), validity), ca.certificate());
  }

  /** Issues what the pods of versions show, which are called by that name. */
  public Credentials version(String host) {
    KeyPairAndCertificate ca = authority.get();
    return new Credentials(
        issuer.server(ca, VERSION, List.of(new SubjectName(host)), validity), ca.certificate());
  }

  /** Issues what routers show, who are called by that name. */
  public Credentials router(String host) {
    KeyPairAndCertificate ca = authority.get();
    return new Credentials(
        issuer.server(ca, ROUTER, List.of(new SubjectName(host)), validity), ca.certificate());
  }
}
