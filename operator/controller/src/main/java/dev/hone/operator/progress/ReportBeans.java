package dev.hone.operator.progress;

import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.tls.CertificateKeeper;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;

/** Beans that are made of what they are given, and know nothing of injection themselves. */
@Dependent
class ReportBeans {

  @Produces
  @Singleton
  CertificateKeeper certificates(KubernetesClient client, HoneConfig config, Clock clock) {
    return new CertificateKeeper(client, config, clock);
  }
}
