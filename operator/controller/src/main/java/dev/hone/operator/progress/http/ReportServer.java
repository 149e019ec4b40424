package dev.hone.operator.progress.http;

import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.progress.ReportService;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SSLOptions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The HTTPS server: swaps its certificate while it runs, and finishes requests before it stops. */
public final class ReportServer {
  private static final Logger LOG = Logger.getLogger(ReportServer.class);
  private static final Set<String> PROTOCOLS = Set.of("TLSv1.2", "TLSv1.3");
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int IDLE_SECONDS = 60;

  private final Vertx vertx;
  private final int port;
  private final Admission admission;
  private final ReportRoutes routes;
  private @Nullable HttpServer server;
  private volatile int boundPort;

  /** A server that takes at most {@code concurrency} reports at once. */
  public ReportServer(
      Vertx vertx, int port, int concurrency, ReportService service, ReportMetrics metrics) {
    this.vertx = vertx;
    this.port = port;
    this.admission = new Admission(concurrency);
    this.routes = new ReportRoutes(service, metrics, admission);
  }

  /** Serves with the given certificate: starts to listen, or goes on with the new one. */
  public synchronized void serve(PemKeyCertOptions certificate) {
    HttpServer running = server;
    if (running != null) {
      await(running.updateSSLOptions(ssl(certificate)));
      LOG.info("Serving the new certificate");
      return;
    }
    var options =
        new HttpServerOptions()
            .setPort(port)
            .setSsl(true)
            .setIdleTimeout(IDLE_SECONDS)
            .setEnabledSecureTransportProtocols(PROTOCOLS)
            .setKeyCertOptions(certificate);
    HttpServer started =
        await(vertx.createHttpServer(options).requestHandler(routes.router(vertx)).listen());
    boundPort = started.actualPort();
    server = started;
    LOG.infof("Taking reports on port %d", boundPort);
  }

  /** The port that it listens on; 0 before it listens. */
  public int port() {
    return boundPort;
  }

  /** Whether it listens and takes reports. */
  public boolean isReady() {
    return boundPort != 0 && admission.isOpen();
  }

  /** From now on reporters are told to come back, while those already let in are answered. */
  public void stopTaking() {
    admission.close();
  }

  /** Waits for the reports that are being handled, and closes the port. */
  public synchronized void stop(Duration patience) {
    stopTaking();
    try {
      if (!admission.awaitEmpty(patience)) {
        LOG.warn("Some reports were not answered in time; their pods send them again");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (server != null) {
      await(server.close());
      server = null;
    }
  }

  private static SSLOptions ssl(PemKeyCertOptions certificate) {
    SSLOptions options = new SSLOptions().setKeyCertOptions(certificate);
    options.setEnabledSecureTransportProtocols(PROTOCOLS);
    return options;
  }

  private static <T> T await(Future<T> future) {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("The report server does not do what it is told", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while the report server was starting", e);
    }
  }
}
