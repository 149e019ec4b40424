package dev.hone.server.router;

import dev.hone.server.access.ApiKeys;
import dev.hone.server.tracing.RequestSpan;
import dev.hone.server.tracing.Tracing;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;

/** The running router: an event loop for each CPU, each with its own connections. */
public final class Router implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Router.class);
  private static final int MAX_HEADERS = 16 << 10;
  private static final int CONNECT_MILLIS = 1000;
  private static final int CONNECTIONS_PER_LOOP = 256;
  private static final int GRPC_CONNECTIONS_PER_LOOP = 4;
  private static final int KEEP_ALIVE_SECONDS = 30;
  private static final long FINISH_SECONDS = 30;
  private static final long PATIENCE_SECONDS = 60;

  /** Longer than the operator keeps a connection that it does not use. */
  private static final int CONTROL_IDLE_SECONDS = 120;

  private final ActiveRouting active = new ActiveRouting();
  private final InFlight inFlight = new InFlight();
  private final ClientConnections clients = new ClientConnections();
  private final Optional<ClientTls> clientTls;
  private final ApiKeys keys;
  private final Shadow shadow = new Shadow(inFlight);
  private final Vertx vertx;
  private final GoldenCheck golden;
  private final RouterSettings settings;
  private final Tracing tracing;
  private final RequestSpans spans;
  private final int httpPort;
  private final int grpcPort;
  private final int adminPort;
  private final OptionalInt controlPort;

  private Router(RouterSettings settings, Tracing tracing) {
    this.settings = settings;
    this.tracing = tracing;
    this.spans = new RequestSpans(tracing);
    // Metrics and tracing of the framework are the server's.
    this.vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    ClientAccess access = settings.access();
    this.clientTls = access.tls().map(folder -> new ClientTls(vertx, folder, access.clientAuth()));
    this.keys = ApiKeys.of(access.apiKeys());
    settings.configuration().ifPresent(this::read);
    this.golden =
        new GoldenCheck(vertx.createHttpClient(toVersions()), active, settings.retryMillis());
    int loops = Math.max(1, Runtime.getRuntime().availableProcessors());
    AtomicInteger http = new AtomicInteger();
    AtomicInteger grpc = new AtomicInteger();
    await(
        vertx.deployVerticle(
            () -> new Loop(http, grpc), new DeploymentOptions().setInstances(loops)));
    clientTls.ifPresent(tls -> tls.follow(access.lookMillis()));
    this.httpPort = http.get();
    this.grpcPort = grpc.get();
    this.adminPort =
        listen(options(), settings.adminPort(), new AdminServer(active, settings.identity()));
    this.controlPort =
        settings.tls().stream()
            .map(tls -> OwnTls.with(options().setIdleTimeout(CONTROL_IDLE_SECONDS), tls))
            .mapToInt(
                options ->
                    listen(options, settings.controlPort(), new ControlServer(active, golden)))
            .findFirst();
    LOG.infof(
        "REST on port %d, gRPC on %d, administration on %d, %s",
        httpPort,
        grpcPort,
        adminPort,
        controlPort.isPresent()
            ? "control on " + controlPort.getAsInt()
            : "no control: HONE_ROUTER_TLS is not set");
  }

  private int listen(HttpServerOptions options, int port, Handler<HttpServerRequest> routes) {
    return await(vertx.createHttpServer(options).requestHandler(routes).listen(port, "0.0.0.0"))
        .actualPort();
  }

  /**
   * Starts a router.
   *
   * @param tracing what it traces by, and closes when it leaves
   * @throws IllegalArgumentException with a sentence if its configuration is wrong
   */
  static Router start(RouterSettings settings, Tracing tracing) {
    return new Router(settings, tracing);
  }

  int httpPort() {
    return httpPort;
  }

  int grpcPort() {
    return grpcPort;
  }

  int adminPort() {
    return adminPort;
  }

  /** The port for the operator; empty if the router has no certificate to show. */
  OptionalInt controlPort() {
    return controlPort;
  }

  private void read(Path file) {
    try {
      active.put(Routing.parse(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "HONE_ROUTER_CONFIGURATION names %s, which cannot be read".formatted(file), e);
    }
  }

  /**
   * Makes it leave: not ready, serving on until the drain delay is over; then clients are told to
   * go, and what is in flight is answered.
   */
  void drain() {
    active.drain();
    LOG.info("no longer ready; serving on until the drain delay is over");
    try {
      // Nothing tells when the last client has heard that this pod leaves.
      TimeUnit.SECONDS.sleep(settings.drainSeconds());
      Future<Void> gone = clients.dismiss(FINISH_SECONDS, TimeUnit.SECONDS);
      inFlight.awaitNone(FINISH_SECONDS, TimeUnit.SECONDS);
      await(gone);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  @Override
  public void close() {
    shadow.close();
    golden.close();
    await(vertx.close());
    tracing.close();
  }

  private static HttpServerOptions options() {
    return new HttpServerOptions()
        .setMaxHeaderSize(MAX_HEADERS)
        .setHandle100ContinueAutomatically(true)
        .setReusePort(false);
  }

  /** How versions are talked to. */
  private HttpClientOptions toVersions() {
    HttpClientOptions options =
        new HttpClientOptions().setConnectTimeout(CONNECT_MILLIS).setMaxHeaderSize(MAX_HEADERS);
    return settings.tls().map(folder -> OwnTls.with(options, folder)).orElse(options);
  }

  private static <T> T await(Future<T> future) {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(String.valueOf(e.getCause()), e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("the router's event loops give no answer", e);
    }
  }

  /** What one event loop runs. */
  private final class Loop extends AbstractVerticle {
    private final AtomicInteger http;
    private final AtomicInteger grpc;

    Loop(AtomicInteger http, AtomicInteger grpc) {
      this.http = http;
      this.grpc = grpc;
    }

    @Override
    public void start(Promise<Void> started) {
      HttpClient rest =
          vertx.createHttpClient(
              toVersions()
                  .setMaxPoolSize(CONNECTIONS_PER_LOOP)
                  .setKeepAliveTimeout(KEEP_ALIVE_SECONDS));
      HttpClient calls =
          vertx.createHttpClient(
              toVersions()
                  .setProtocolVersion(HttpVersion.HTTP_2)
                  .setUseAlpn(true)
                  .setHttp2ClearTextUpgrade(false)
                  .setHttp2MaxPoolSize(GRPC_CONNECTIONS_PER_LOOP)
                  .setHttp2KeepAliveTimeout(KEEP_ALIVE_SECONDS));
      // A negative port is a free one that the loops share.
      int httpPort = settings.httpPort() == 0 ? -1 : settings.httpPort();
      int grpcPort = settings.grpcPort() == 0 ? -2 : settings.grpcPort();
      listen(
              httpPort,
              http,
              HttpVersion.HTTP_1_1,
              new RestProxy(vertx, rest, active, shadow, settings, spans))
          .compose(
              done ->
                  listen(
                      grpcPort,
                      grpc,
                      HttpVersion.HTTP_2,
                      new GrpcProxy(vertx, calls, active, shadow, settings, spans)))
          .onComplete(started);
    }

    private Future<Void> listen(int port, AtomicInteger taken, HttpVersion tls, Proxy proxy) {
      HttpServerOptions options =
          clientTls.map(files -> files.on(options(), tls)).orElseGet(Router::options);
      return vertx
          .createHttpServer(options)
          .requestHandler(KeyCheck.before(request -> answer(request, proxy), proxy, keys, clients))
          .listen(port, "0.0.0.0")
          .map(
              server -> {
                taken.set(server.actualPort());
                return null;
              });
    }

    private void answer(HttpServerRequest request, Proxy proxy) {
      clients.note(request);
      inFlight.begin();
      RequestSpan span = proxy.begin(request);
      request
          .response()
          .endHandler(
              end -> {
                proxy.end(span, request.response());
                inFlight.end();
              });
      proxy.handle(request, span);
    }
  }
}
