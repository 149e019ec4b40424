package dev.hone.operator.inference;

import dev.hone.operator.tls.Credentials;
import io.fabric8.kubernetes.api.model.Pod;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Asks routers over TLS, with a certificate on both sides: at their pods' addresses, by the name
 * that their certificate is for.
 */
final class RouterHttps {
  private static final Logger LOG = Logger.getLogger(RouterHttps.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final int port;
  private final Supplier<Credentials> credentials;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Connections connections;

  RouterHttps(Vertx vertx, int port, Supplier<Credentials> credentials) {
    this.vertx = vertx;
    this.port = port;
    this.credentials = credentials;
  }

  /**
   * What a router answers.
   *
   * @param from the router's name and address
   */
  record Answer(String from, int status, String body) {}

  /** Connections that were made with the same credentials. */
  private record Connections(Credentials credentials, HttpClient client) {}

  /**
   * What a router answers, whatever its status; empty if it has no address, gives no answer, or is
   * not who it should be.
   *
   * @param host the name that its certificate must be for
   */
  Optional<Answer> send(Pod router, String host, HttpMethod method, String path, String body) {
    String ip = router.getStatus() == null ? null : router.getStatus().getPodIP();
    if (ip == null) {
      return Optional.empty();
    }
    String from = host + " at " + ip;
    RequestOptions options =
        new RequestOptions()
            .setServer(SocketAddress.inetSocketAddress(port, ip))
            .setHost(host)
            .setPort(port)
            .setURI(path)
            .setMethod(method)
            .setTimeout(TIMEOUT.toMillis());
    Future<Answer> answer =
        // Another thread may close the client of the last credentials at any time.
        Future.succeededFuture(client())
            .compose(client -> client.request(options))
            .compose(request -> request.send(Buffer.buffer(body)))
            .compose(
                response ->
                    response
                        .body()
                        .map(
                            text ->
                                new Answer(
                                    from,
                                    response.statusCode(),
                                    text.toString(StandardCharsets.UTF_8))));
    try {
      return Optional.of(
          answer
              .toCompletionStage()
              .toCompletableFuture()
              .get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SSLException) {
        LOG.warnf("%s cannot be talked to: %s", from, e.getCause().getMessage());
      } else {
        LOG.debugf(e.getCause(), "%s gives no answer", from);
      }
    } catch (TimeoutException e) {
      LOG.debugf("%s gives no answer in time", from);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }

  /** The connections for the credentials of now; those of the last ones are closed. */
  private HttpClient client() {
    Credentials wanted = credentials.get();
    lock.lock();
    try {
      Connections known = connections;
      if (known == null || !known.credentials().equals(wanted)) {
        if (known != null) {
          known.client().close();
        }
        known = new Connections(wanted, vertx.createHttpClient(options(wanted)));
        connections = known;
      }
      return known.client();
    } finally {
      lock.unlock();
    }
  }

  private static HttpClientOptions options(Credentials wanted) {
    return new HttpClientOptions()
        .setSsl(true)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setConnectTimeout((int) TIMEOUT.toMillis())
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .addCertValue(Buffer.buffer(wanted.certificatePem()))
                .addKeyValue(Buffer.buffer(wanted.keyPem())))
        .setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(wanted.authorityPem())));
  }
}
