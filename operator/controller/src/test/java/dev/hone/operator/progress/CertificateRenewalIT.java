package dev.hone.operator.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A certificate lasts 90 days, and is issued again when less than 30 of them are left. */
@WithApiServer
class CertificateRenewalIT {
  private static final Duration DAY = Duration.ofDays(1);

  @Test
  void aCertificateIsIssuedAgainWhenItComesToItsEnd(ApiServer server) throws Exception {
    String home = server.newNamespace("certificates");
    // The past, so that the client finds both certificates valid now.
    TestClock clock = new TestClock(DAY.multipliedBy(-61));
    try (KubernetesClient client =
            server.serviceAccount(home, "hone-operator", ChartRoles.render(home));
        Replica replica = new Replica(client, Settings.of(home, Map.of()), clock)) {
      String authority = replica.certificates.caCertificatePem();
      X509Certificate first = replica.servedCertificate();

      clock.moveTo(DAY.multipliedBy(-2));
      replica.endpoint.refreshCertificates();
      assertThat(replica.certificates.remaining()).isLessThanOrEqualTo(DAY.multipliedBy(31));
      assertThat(replica.servedCertificate()).isEqualTo(first);

      clock.moveTo(Duration.ZERO);
      replica.endpoint.refreshCertificates();
      X509Certificate second = replica.servedCertificate();
      assertThat(second.getSerialNumber()).isNotEqualTo(first.getSerialNumber());
      assertThat(second.getNotAfter().toInstant())
          .isBetween(
              Instant.now().plus(DAY.multipliedBy(89)), Instant.now().plus(DAY.multipliedBy(90)));
      // Pods that run have the old authority's certificate, and must still be able to report.
      assertThat(replica.certificates.caCertificatePem()).isEqualTo(authority);
    }
  }
}
