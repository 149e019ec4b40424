package dev.hone.operator.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.operator.progress.TestClock;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;

class ControlCertificatesTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final String UID = "11111111-2222-3333-4444-555555555555";
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final TestClock clock = new TestClock(Duration.ZERO);
  private final TestAuthority authority = new TestAuthority(clock);
  private final ControlCertificates control = authority.control(clock);

  @Test
  void theOperatorShowsThatItIs() throws Exception {
    Credentials operator = control.operator();
    X509Certificate certificate = operator.leaf().certificate();
    certificate.verify(operator.authority().getPublicKey());
    assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=hone-operator");
    assertThat(certificate.getExtendedKeyUsage())
        .containsExactly(KeyPurposeId.id_kp_clientAuth.getId());
    assertThat(certificate.getBasicConstraints()).as("no authority").isEqualTo(-1);
    assertThat(control.operator()).isSameAs(operator);
  }

  @Test
  void theOperatorsIsReplacedBeforeItEnds() {
    Credentials first = control.operator();
    clock.moveTo(DAY.multipliedBy(59));
    assertThat(control.operator()).isSameAs(first);
    clock.moveTo(DAY.multipliedBy(61));
    Credentials second = control.operator();
    assertThat(second.leaf()).isNotEqualTo(first.leaf());
    assertThat(second.leaf().remaining(clock.instant())).isGreaterThan(DAY.multipliedBy(89));
  }

  @Test
  void anotherAuthorityReplacesAll() throws Exception {
    Credentials before = control.operator();
    String edition = control.edition(UID);
    authority.replace();
    Credentials after = control.operator();
    assertThat(after.authority()).isNotEqualTo(before.authority());
    after.leaf().certificate().verify(after.authority().getPublicKey());
    assertThat(control.edition(UID)).isNotEqualTo(edition);
    assertThat(control.router("r.team.svc").authority()).isEqualTo(after.authority());
  }

  @Test
  void aRouterIsCalledByItsName() throws Exception {
    Credentials router = control.router("spam-router.team.svc");
    X509Certificate certificate = router.leaf().certificate();
    certificate.verify(router.authority().getPublicKey());
    assertThat(certificate.getSubjectAlternativeNames())
        .containsExactly(List.of(2, "spam-router.team.svc"));
    assertThat(certificate.getExtendedKeyUsage())
        .containsExactly(KeyPurposeId.id_kp_serverAuth.getId());
    assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=hone-router");
    assertThat(router.files()).containsOnlyKeys("tls.crt", "tls.key", "ca.crt");
    assertThat(router.toString()).doesNotContain("PRIVATE");
  }

  @Test
  void aRouterAndAVersionKnowEachOther() throws Exception {
    Credentials router = control.linkedRouter("spam-router.team.svc");
    assertThat(router.leaf().certificate().getSubjectAlternativeNames())
        .containsExactly(List.of(2, "spam-router.team.svc"));
    assertThat(router.leaf().certificate().getExtendedKeyUsage())
        .containsExactlyInAnyOrder(
            KeyPurposeId.id_kp_serverAuth.getId(), KeyPurposeId.id_kp_clientAuth.getId());
    // It calls versions, and must not pass for the operator before routers.
    assertThat(router.leaf().certificate().getSubjectX500Principal().getName())
        .isEqualTo("CN=hone-router");
    Credentials version = control.version("spam-version.team.svc");
    assertThat(version.leaf().certificate().getSubjectAlternativeNames())
        .containsExactly(List.of(2, "spam-version.team.svc"));
    assertThat(version.leaf().certificate().getExtendedKeyUsage())
        .containsExactly(KeyPurposeId.id_kp_serverAuth.getId());
    for (Credentials each : List.of(router, version)) {
      each.leaf().certificate().verify(each.authority().getPublicKey());
    }
    assertThat(version.authority()).isEqualTo(router.authority());
  }

  private ControlCertificates on(int day) {
    return authority.control(Clock.fixed(START.plus(DAY.multipliedBy(day)), ZoneOffset.UTC));
  }

  @Test
  void aRoutersIsReplacedBeforeItEnds() {
    for (int day = 0; day < 130; day++) {
      String edition = on(day).edition(UID);
      int last = day;
      while (on(last + 1).edition(UID).equals(edition)) {
        last++;
      }
      // It may have been issued on that day, and is in use until the last one.
      assertThat(last - day).as("day %d", day).isLessThan(60);
      assertThat(on(day).router("r").leaf().remaining(START.plus(DAY.multipliedBy(last + 1))))
          .as("day %d", day)
          .isGreaterThanOrEqualTo(TestAuthority.RENEW_BEFORE);
    }
    Set<String> editions = new HashSet<>();
    for (int day = 0; day < 360; day++) {
      editions.add(on(day).edition(UID));
    }
    assertThat(editions).hasSizeBetween(6, 7);
  }

  @Test
  void notAllAreReplacedOnOneDay() {
    Set<Integer> days = new HashSet<>();
    for (int resource = 0; resource < 100; resource++) {
      int day = 0;
      String uid = "uid-" + resource;
      while (on(day).edition(uid).equals(on(day + 1).edition(uid))) {
        day++;
      }
      days.add(day);
    }
    assertThat(days).hasSizeGreaterThan(30);
  }

  @Test
  void saysThatItCannotBeRenewedInTime() {
    CertificateIssuer issuer = new CertificateIssuer(clock);
    KeyPairAndCertificate ca = issuer.authority("ca");
    assertThatThrownBy(() -> new ControlCertificates(() -> ca, issuer, DAY, DAY, clock))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "HONE_TLS_RENEW_BEFORE is PT24H: write a time that is shorter than HONE_TLS_VALIDITY,"
                + " which is PT24H");
  }
}
