package dev.hone.operator.it;

import dev.hone.testing.apiserver.ApiServer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.UpgradeRejectedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemTrustOptions;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A proxy between the operator and the real API server, which makes go wrong what a test asks for,
 * and keeps what was written. It is reached without TLS, for it tells requests apart.
 */
final class FaultyApi implements AutoCloseable {

  static final Duration RETRY_AFTER = Duration.ofSeconds(1);
  static final Duration SLOWNESS = Duration.ofMillis(250);

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD);
  private static final int MAX_CONNECTIONS = 256;
  private static final int MAX_FRAME = 16 * 1024 * 1024;

  /** What may go wrong with a request. */
  enum Fault {
    /** 409: somebody else was faster. */
    CONFLICT(409, "Conflict"),
    /** 429 with Retry-After. */
    THROTTLED(429, "TooManyRequests"),
    /** 500. */
    ERROR(500, "InternalError"),
    /** The connection breaks before the API server has it. */
    RESET(0, ""),
    /** The API server carries it out, and the connection breaks before the answer. */
    ANSWER_LOST(0, ""),
    /** The API server carries it out, and the answer never comes. */
    TIMEOUT(0, ""),
    /** It takes its time. */
    SLOW(0, ""),
    /** From here on nothing that the operator sends arrives: it is dead. */
    DEATH(0, "");

    private final int code;
    private final String reason;

    Fault(int code, String reason) {
      this.code = code;
      this.reason = reason;
    }
  }

  /** Chooses the fault of a request; null where all goes well. */
  @FunctionalInterface
  interface Plan {
    @Nullable Fault of(Call call);
  }

  /**
   * A request.
   *
   * @param write whether it changes something
   * @param what verb and type, as in {@code PATCH finetunejobs/status}
   * @param name name of the object; empty for a list
   */
  record Call(boolean write, String what, String name) {}

  /**
   * A request that changes something.
   *
   * @param call the request
   * @param fault what went wrong with it
   * @param status the API server's answer; 0 where it has none or was not asked
   * @param nanos when it came, by {@link System#nanoTime()}
   */
  record Write(Call call, @Nullable Fault fault, int status, long nanos) {}

  private final URI target;
  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final HttpClient http;
  private final WebSocketClient sockets;
  private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final List<Write> writes = new CopyOnWriteArrayList<>();
  private final List<Read> reads = new CopyOnWriteArrayList<>();
  private final Map<String, CompletableFuture<Void>> written = new ConcurrentHashMap<>();
  private volatile Plan plan = call -> null;
  private volatile boolean dead;
  private volatile String heldType = "";
  private volatile Runnable onDeath = () -> {};

  /** Opens a proxy in which nothing goes wrong yet. */
  FaultyApi(ApiServer api) {
    target = URI.create(api.url());
    var trust = new PemTrustOptions().addCertPath(api.caCertificate().toString());
    http =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setSsl(true)
                .setTrustOptions(trust)
                .setDefaultHost(target.getHost())
                .setDefaultPort(target.getPort()),
            new PoolOptions().setHttp1MaxSize(MAX_CONNECTIONS));
    sockets =
        vertx.createWebSocketClient(
            new WebSocketClientOptions()
                .setSsl(true)
                .setTrustOptions(trust)
                .setMaxConnections(MAX_CONNECTIONS)
                .setMaxFrameSize(MAX_FRAME)
                .setMaxMessageSize(MAX_FRAME)
                .setDefaultHost(target.getHost())
                .setDefaultPort(target.getPort()));
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    // One request at a time on a connection: it can be broken alone.
                    .setHttp2ClearTextEnabled(false)
                    .setMaxWebSocketFrameSize(MAX_FRAME)
                    .setMaxWebSocketMessageSize(MAX_FRAME))
            .connectionHandler(this::connected)
            .requestHandler(this::handle);
    server.listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().join();
  }

  /** Its address. */
  String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  /** From now on faults are chosen so. */
  void plan(Plan next) {
    plan = next;
  }

  /** The operator dies before it writes for that time, counted from 0 and from now on. */
  void dieBefore(int write) {
    AtomicInteger come = new AtomicInteger();
    plan(call -> call.write() && come.getAndIncrement() == write ? Fault.DEATH : null);
  }

  /** What is done, in a thread of its own, when the operator has died. */
  void onDeath(Runnable action) {
    onDeath = action;
  }

  /** Lets the next operator through. */
  void revive() {
    plan = call -> null;
    dead = false;
  }

  /** Everything that was written or was to be, in the order in which it came. */
  List<Write> writes() {
    return List.copyOf(writes);
  }

  /** Completes with the first write of that kind, whatever became of it. */
  CompletableFuture<Void> written(String what) {
    return written.computeIfAbsent(what, kind -> new CompletableFuture<>());
  }

  /** Waits until something is read, verb and type as in {@code GET nodes}, that much later. */
  synchronized void awaitRead(String what, Duration later) throws InterruptedException {
    long since = System.nanoTime() + later.toNanos();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (reads.stream().noneMatch(read -> read.what().equals(what) && read.nanos() >= since)) {
      long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (left <= 0) {
        throw new AssertionError(what + " did not come");
      }
      wait(left);
    }
  }

  private record Read(String what, long nanos) {}

  /** Number of open watches. */
  int watches() {
    return watches.size();
  }

  /** Breaks the connection of every watch. */
  void resetWatches() {
    watches.forEach(watch -> watch.connection.close());
  }

  /** Tells every watch that its version is too old. */
  void expireWatches() {
    String gone =
        new JsonObject().put("type", "ERROR").put("object", status(410, "Expired")).encode();
    for (Watch watch : watches) {
      watch.down.writeTextMessage(gone);
      watch.down.close();
    }
  }

  /** From now on watches of that type tell nothing: caches of it grow stale. */
  void holdWatches(String type) {
    heldType = type;
  }

  /** Lets watches tell what they have kept back. */
  void releaseWatches() {
    heldType = "";
    watches.forEach(Watch::release);
  }

  private void connected(HttpConnection connection) {
    if (dead) {
      connection.close();
      return;
    }
    connections.add(connection);
    connection.closeHandler(closed -> connections.remove(connection));
  }

  private void handle(HttpServerRequest request) {
    if (dead) {
      request.connection().close();
    } else if ("websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
      watch(request);
    } else {
      request.body().onSuccess(body -> pass(request, body));
    }
  }

  private void pass(HttpServerRequest request, Buffer body) {
    Call call = call(request, body);
    Fault fault;
    synchronized (this) {
      // After a death nothing arrives, whatever came at the same time.
      fault = dead ? Fault.DEATH : plan.of(call);
      if (fault == Fault.DEATH && !dead) {
        dead = true;
        Thread.ofVirtual().start(onDeath);
      }
    }
    switch (fault) {
      case null -> forward(request, body, call, null);
      case DEATH -> {
        keep(call, fault, 0);
        connections.forEach(HttpConnection::close);
      }
      case RESET -> {
        keep(call, fault, 0);
        request.connection().close();
      }
      case SLOW ->
          vertx.setTimer(SLOWNESS.toMillis(), timer -> forward(request, body, call, Fault.SLOW));
      case ANSWER_LOST, TIMEOUT -> forward(request, body, call, fault);
      case CONFLICT, THROTTLED, ERROR -> {
        keep(call, fault, 0);
        if (fault == Fault.THROTTLED) {
          request.response().putHeader("Retry-After", String.valueOf(RETRY_AFTER.toSeconds()));
        }
        request
            .response()
            .setStatusCode(fault.code)
            .putHeader("Content-Type", "application/json")
            .end(status(fault.code, fault.reason).encode());
      }
    }
  }

  private void forward(HttpServerRequest request, Buffer body, Call call, @Nullable Fault fault) {
    RequestOptions options = new RequestOptions().setMethod(request.method()).setURI(request.uri());
    request.headers().forEach((name, value) -> addUnlessHop(options, name, value));
    http.request(options)
        .compose(upstream -> upstream.send(body))
        .compose(answer -> answer.body().map(content -> new Answer(answer, content)))
        .onSuccess(answer -> answer(request, call, fault, answer))
        .onFailure(error -> request.connection().close());
  }

  private record Answer(HttpClientResponse head, Buffer body) {}

  private void answer(HttpServerRequest request, Call call, @Nullable Fault fault, Answer answer) {
    keep(call, fault, answer.head().statusCode());
    if (fault == Fault.ANSWER_LOST) {
      request.connection().close();
      return;
    }
    if (fault == Fault.TIMEOUT) {
      return;
    }
    var response = request.response().setStatusCode(answer.head().statusCode());
    answer
        .head()
        .headers()
        .forEach(
            (name, value) -> {
              if (!isHop(name)) {
                response.putHeader(name, value);
              }
            });
    response.end(answer.body());
  }

  private synchronized void keep(Call call, @Nullable Fault fault, int status) {
    if (call.write()) {
      writes.add(new Write(call, fault, status, System.nanoTime()));
      written(call.what()).complete(null);
    } else {
      reads.add(new Read(call.what(), System.nanoTime()));
      notifyAll();
    }
  }

  private static void addUnlessHop(RequestOptions options, String name, String value) {
    if (!isHop(name)) {
      options.addHeader(name, value);
    }
  }

  private static boolean isHop(String header) {
    return header.equalsIgnoreCase("Host")
        || header.equalsIgnoreCase("Connection")
        || header.equalsIgnoreCase("Content-Length")
        || header.equalsIgnoreCase("Transfer-Encoding");
  }

  private void watch(HttpServerRequest request) {
    WebSocketConnectOptions options = new WebSocketConnectOptions();
    options.setURI(request.uri());
    options.addHeader("Authorization", request.getHeader("Authorization"));
    String type = type(request.path());
    HttpConnection connection = request.connection();
    request.pause();
    sockets
        .connect(options)
        .onSuccess(
            up -> {
              up.pause();
              request
                  .toWebSocket()
                  .onSuccess(down -> new Watch(type, up, down, connection).start())
                  .onFailure(error -> up.close());
            })
        .onFailure(
            error -> {
              request.resume();
              if (error instanceof UpgradeRejectedException rejected) {
                Buffer body = rejected.getBody();
                request
                    .response()
                    .setStatusCode(rejected.getStatus())
                    .end(body == null ? Buffer.buffer() : body);
              } else {
                connection.close();
              }
            });
  }

  /** A watch that goes through the proxy. */
  private final class Watch {
    private final String type;
    private final WebSocket up;
    private final ServerWebSocket down;
    private final HttpConnection connection;
    private final List<WebSocketFrame> kept = new ArrayList<>();

    Watch(String type, WebSocket up, ServerWebSocket down, HttpConnection connection) {
      this.type = type;
      this.up = up;
      this.down = down;
      this.connection = connection;
    }

    void start() {
      if (up.isClosed()) {
        // The API server has ended it already, as it does when a definition goes.
        down.close();
        return;
      }
      watches.add(this);
      up.frameHandler(this::tell);
      up.closeHandler(closed -> down.close());
      down.closeHandler(
          closed -> {
            watches.remove(this);
            up.close();
          });
      up.resume();
      down.resume();
    }

    private synchronized void tell(WebSocketFrame frame) {
      if (frame.isClose()) {
        return;
      }
      if (type.equals(heldType)) {
        kept.add(frame);
      } else {
        down.writeFrame(frame);
      }
    }

    synchronized void release() {
      kept.forEach(down::writeFrame);
      kept.clear();
    }
  }

  private static JsonObject status(int code, String reason) {
    return new JsonObject()
        .put("kind", "Status")
        .put("apiVersion", "v1")
        .put("status", "Failure")
        .put("message", "injected by the test")
        .put("reason", reason)
        .put("code", code);
  }

  private static Call call(HttpServerRequest request, Buffer body) {
    boolean write = !READS.contains(request.method());
    String[] parts = relative(request.path());
    String name = parts.length > 1 ? parts[1] : "";
    if (request.method() == HttpMethod.POST && body.length() > 0) {
      JsonObject metadata = body.toJsonObject().getJsonObject("metadata");
      name = metadata == null ? "" : metadata.getString("name", "");
    }
    return new Call(write, request.method() + " " + type(request.path()), name);
  }

  /** The type that a path is about, with the part of it. */
  private static String type(String path) {
    String[] parts = relative(path);
    return parts.length > 2 ? parts[0] + "/" + parts[2] : parts[0];
  }

  private static String[] relative(String path) {
    String withoutVersion =
        path.replaceFirst("^/api/[^/]+/", "").replaceFirst("^/apis/[^/]+/[^/]+/", "");
    return withoutVersion.replaceFirst("^namespaces/[^/]+/(?=.)", "").split("/");
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
