package dev.hone.operator.progress;

import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.tls.CertificateKeeper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A report endpoint in this JVM, and a client that trusts nothing but the operator's CA. */
final class Replica implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  final ReportEndpoint endpoint;
  final CertificateKeeper certificates;

  Replica(KubernetesClient client, HoneConfig config) {
    certificates = new CertificateKeeper(client, config, Clock.systemUTC());
    endpoint =
        new ReportEndpoint(
            client,
            config,
            vertx,
            new ReportMetrics(new SimpleMeterRegistry()),
            certificates,
            Clock.systemUTC());
    endpoint.start();
  }

  HttpResponse<String> post(String path, @Nullable String token, String body)
      throws IOException, InterruptedException, GeneralSecurityException {
    var request = HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return send(request.build());
  }

  HttpResponse<String> send(HttpRequest request)
      throws IOException, InterruptedException, GeneralSecurityException {
    // A client of its own for each call, so that each call sees the certificate of that time.
    try (HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .sslContext(trusting(certificates.caCertificatePem()))
            .build()) {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  X509Certificate servedCertificate()
      throws IOException, InterruptedException, GeneralSecurityException {
    HttpResponse<String> response = post("/", null, "");
    return (X509Certificate) response.sslSession().orElseThrow().getPeerCertificates()[0];
  }

  URI uri(String path) {
    return URI.create("https://localhost:" + endpoint.port() + path);
  }

  private static SSLContext trusting(String pem) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    var bytes = new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    store.setCertificateEntry(
        "ca", CertificateFactory.getInstance("X.509").generateCertificate(bytes));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @Override
  public void close() {
    endpoint.stop();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
