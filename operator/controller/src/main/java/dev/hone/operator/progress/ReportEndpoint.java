package dev.hone.operator.progress;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.hone.api.Names;
import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.progress.auth.Authenticator;
import dev.hone.operator.progress.auth.RunResolver;
import dev.hone.operator.progress.auth.SignedTokenVerifier;
import dev.hone.operator.progress.auth.TokenReviewer;
import dev.hone.operator.progress.auth.TokenVerifier;
import dev.hone.operator.progress.http.ReportServer;
import dev.hone.operator.progress.write.ProgressWriter;
import dev.hone.operator.progress.write.Reporters;
import dev.hone.operator.progress.write.StatusProgressPatch;
import dev.hone.operator.tls.CertificateKeeper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Everything that takes reports, put together; runs on every replica, leader or not. */
@Singleton
public class ReportEndpoint {
  private static final Logger LOG = Logger.getLogger(ReportEndpoint.class);
  private static final int MAX_WAITING = 10_000;
  private static final int API_TIMEOUT_MILLIS = 5_000;

  private final HoneConfig config;
  private final CertificateKeeper certificates;
  private final ProgressWriter writer;
  private final ReportServer server;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("certificates").factory());

  /** Puts the endpoint together; {@link #start} makes it listen. */
  public ReportEndpoint(
      KubernetesClient sharedClient,
      HoneConfig config,
      Vertx vertx,
      ReportMetrics metrics,
      CertificateKeeper certificates,
      Clock clock) {
    KubernetesClient client = impatient(sharedClient);
    double share = (double) config.statusWritesPerSecond() / Math.max(1, config.replicas());
    var reporters = new Reporters(share, Ticker.systemTicker());
    this.config = config;
    this.certificates = certificates;
    this.writer = new ProgressWriter(share, MAX_WAITING, new StatusProgressPatch(client), metrics);
    var authenticator =
        new Authenticator(
            tokens(client, config, clock),
            client,
            config.report().tokenCache(),
            Ticker.systemTicker());
    var service =
        new ReportService(client, new RunResolver(client, authenticator), writer, reporters, clock);
    this.server =
        new ReportServer(
            vertx, config.report().port(), config.report().concurrency(), service, metrics);
    metrics.reporters(reporters, Reporters::count);
    metrics.certificateExpiry(certificates, keeper -> keeper.remaining().toSeconds());
  }

  /** Makes the certificates if need be, listens, and keeps the certificates up to date. */
  public void start() {
    certificates.refresh(server::serve);
    Duration every = config.tls().checkEvery();
    timer.scheduleWithFixedDelay(
        this::refreshCertificates, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The port that reports are taken on. */
  public int port() {
    return server.port();
  }

  /** Whether reports are taken. */
  public boolean isReady() {
    return server.isReady() && certificates.remaining().isPositive();
  }

  /** Whether the thread that writes progress is alive. */
  public boolean isWriting() {
    return writer.isAlive();
  }

  /** From now on pods are told to come back, which takes them to another replica. */
  public void stopTaking() {
    server.stopTaking();
  }

  /** Answers what was let in, writes what waits, and closes the port. */
  public void stop() {
    timer.shutdownNow();
    server.stop(config.report().drain());
    writer.close(config.report().drain());
  }

  /** Looks at the certificates now; a failure leaves the old ones in use. */
  void refreshCertificates() {
    try {
      certificates.refresh(server::serve);
    } catch (RuntimeException e) {
      // The timer ends with the first exception that gets through to it.
      LOG.warnf(
          "Cannot look at the certificates now, so the old one is served on: %s", e.getMessage());
    }
  }

  /** With Roles alone there is no right to have tokens reviewed. */
  private static TokenVerifier tokens(KubernetesClient client, HoneConfig config, Clock clock) {
    return config.watchesAllNamespaces()
        ? new TokenReviewer(client, Names.REPORT_AUDIENCE)
        : new SignedTokenVerifier(client, Names.REPORT_AUDIENCE, clock);
  }

  /** A pod that waits for its answer is better told to come back than kept for minutes. */
  private static KubernetesClient impatient(KubernetesClient client) {
    var config =
        new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
            .withRequestTimeout(API_TIMEOUT_MILLIS)
            .withRequestRetryBackoffLimit(1)
            .build();
    return client
        .adapt(NamespacedKubernetesClient.class)
        .newClient(config)
        .adapt(NamespacedKubernetesClient.class);
  }
}
