package dev.hone.operator.progress;

import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.tls.CertificateKeeper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** A report endpoint in this JVM, and what a pod sends to it. */
final class Replica implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  final ReportEndpoint endpoint;
  final CertificateKeeper certificates;

  Replica(KubernetesClient client, HoneConfig config) {
    this(client, config, Clock.systemUTC());
  }

  Replica(KubernetesClient client, HoneConfig config, Clock clock) {
    certificates = new CertificateKeeper(client, config, clock);
    endpoint =
        new ReportEndpoint(
            client,
            config,
            vertx,
            new ReportMetrics(new SimpleMeterRegistry()),
            certificates,
            clock);
    endpoint.start();
  }

  HttpResponse<String> post(String path, @Nullable String token, String body)
      throws IOException, InterruptedException, GeneralSecurityException {
    return client().post(path, token, body);
  }

  HttpResponse<String> send(HttpRequest request)
      throws IOException, InterruptedException, GeneralSecurityException {
    return client().send(request);
  }

  private ReportClient client() {
    return new ReportClient(certificates.caCertificatePem(), endpoint.port());
  }

  X509Certificate servedCertificate()
      throws IOException, InterruptedException, GeneralSecurityException {
    HttpResponse<String> response = post("/", null, "");
    return (X509Certificate) response.sslSession().orElseThrow().getPeerCertificates()[0];
  }

  URI uri(String path) {
    return client().uri(path);
  }

  @Override
  public void close() {
    endpoint.stop();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
