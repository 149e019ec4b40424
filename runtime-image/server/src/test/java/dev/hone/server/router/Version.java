package dev.hone.server.router;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.BindException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/** A version of a model, as far as the router can tell. */
final class Version implements AutoCloseable {
  /** Below the ports that outgoing connections get, or one of those could take it in a restart. */
  private static final int FIRST_PORT = 20_000;

  private static final int LAST_PORT = 29_999;
  private static final int ATTEMPTS = 100;
  private static final Duration PAUSE = Duration.ofMillis(5);

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private final BiConsumer<HttpServerRequest, Buffer> handler;
  private final Optional<Path> tls;
  private HttpServer server;

  private Version(Optional<Path> tls, BiConsumer<HttpServerRequest, Buffer> handler)
      throws Exception {
    this.tls = tls;
    this.handler = handler;
    this.server = listen(() -> ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT + 1));
  }

  /** Tries ports until one is free, or the same one until it is free again. */
  private HttpServer listen(IntSupplier ports) throws InterruptedException, ExecutionException {
    for (int attempt = 1; ; attempt++) {
      try {
        return listen(ports.getAsInt());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof BindException) || attempt == ATTEMPTS) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private HttpServer listen(int port) throws InterruptedException, ExecutionException {
    HttpServerOptions options = new HttpServerOptions().setReuseAddress(true);
    tls.ifPresent(files -> OwnTls.with(options, files));
    return vertx
        .createHttpServer(options)
        .connectionHandler(connection -> connections.incrementAndGet())
        .requestHandler(
            request -> {
              requests.incrementAndGet();
              request.body().onSuccess(body -> handler.accept(request, body));
            })
        .listen(port, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .get();
  }

  /** A version whose every answer has these logits. */
  static Version of(double... logits) throws Exception {
    return answering(request -> request.response().end(answer(logits)));
  }

  /** The same over TLS, by these files, for clients of their authority. */
  static Version of(Path tls, double... logits) throws Exception {
    return new Version(Optional.of(tls), (request, body) -> request.response().end(answer(logits)));
  }

  static Version answering(Consumer<HttpServerRequest> handler) throws Exception {
    return new Version(Optional.empty(), (request, body) -> handler.accept(request));
  }

  static Version answering(BiConsumer<HttpServerRequest, Buffer> handler) throws Exception {
    return new Version(Optional.empty(), handler);
  }

  static String answer(double... logits) {
    return "{\"model_name\": \"m\", \"outputs\": [{\"name\": \"logits\", \"datatype\": \"FP32\","
        + " \"shape\": [1, "
        + logits.length
        + "], \"data\": "
        + Arrays.toString(logits)
        + "}]}";
  }

  int requests() {
    return requests.get();
  }

  int connections() {
    return connections.get();
  }

  int port() {
    return server.actualPort();
  }

  Backend backend() {
    URI address = URI.create((tls.isPresent() ? "https" : "http") + "://127.0.0.1:" + port());
    return new Backend(address, address);
  }

  /** Stops listening and cuts every connection. */
  void stop() throws Exception {
    server.close().toCompletionStage().toCompletableFuture().get();
  }

  /** Listens again, on the port that it had, as soon as that is free again. */
  void restart() throws Exception {
    server = listen(server::actualPort);
  }

  @Override
  public void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }
}
