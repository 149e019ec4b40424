package dev.hone.server.grpc;

import dev.hone.server.access.ApiKeys;
import dev.hone.server.access.ClientNames;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.serving.ModelControl;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServerInfo;
import dev.hone.server.tracing.Tracing;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.handler.ssl.SslContext;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Listens for gRPC as long as the server lives; on the way out it finishes what is in flight. */
@ApplicationScoped
public class GrpcServer {
  private static final Logger LOG = Logger.getLogger(GrpcServer.class);
  private static final int MAX_CALLS_PER_CONNECTION = 256;
  private static final long FINISH_SECONDS = 30;

  private final ModelRegistry registry;
  private final ModelControl control;
  private final ServerInfo info;
  private final ApiKeys keys;
  private final ClientNames names;
  private final GrpcTls tls;
  private final Tracing tracing;
  private final ServerConfig config;
  private final CompletableFuture<Void> warm = new CompletableFuture<>();
  private @Nullable Server server;
  private @Nullable ExecutorService executor;

  /** When calls are cut off; 0 as long as nobody has asked the server to leave. */
  private volatile long finishBy;

  /** Serves that registry's models. */
  public GrpcServer(
      ModelRegistry registry,
      ModelControl control,
      ServerInfo info,
      ApiKeys keys,
      ClientNames names,
      GrpcTls tls,
      Tracing tracing,
      ServerConfig config) {
    this.registry = registry;
    this.control = control;
    this.info = info;
    this.keys = keys;
    this.names = names;
    this.tls = tls;
    this.tracing = tracing;
    this.config = config;
  }

  void start(@Observes StartupEvent event) {
    // Requests are decoded and answered off the event loop: they may be large.
    ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    HealthStatusManager health = new HealthStatusManager();
    new GrpcHealth(registry, health).follow();
    ConnectionLimit connections = new ConnectionLimit(config.maxConnections());
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress("0.0.0.0", config.grpcPort()))
            .executor(calls)
            .maxInboundMessageSize(Math.toIntExact(config.maxBody().asLongValue()))
            .maxInboundMetadataSize(Math.toIntExact(config.maxHeader().asLongValue()))
            .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
            .permitKeepAliveTime(10, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addTransportFilter(connections)
            .addService(health.getHealthService())
            .addService(new InferenceService(registry, control, info, calls));
    if (tracing.isOn()) {
      // The last that is added sees a call first: who has no key fills nobody's traces.
      builder.intercept(new TraceInterceptor(tracing, warm::isDone));
    }
    if (names.wanted()) {
      builder.intercept(new NameInterceptor(names));
    }
    builder.intercept(new KeyInterceptor(keys)).intercept(connections);
    Optional<SslContext> encrypted = tls.context();
    encrypted.ifPresent(builder::sslContext);
    if (config.grpcMaxConnectionAgeSeconds() > 0) {
      builder.maxConnectionAge(config.grpcMaxConnectionAgeSeconds(), TimeUnit.SECONDS);
    }
    Server started = builder.build();
    try {
      started.start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "gRPC cannot listen on port %d: choose another with HONE_GRPC_PORT"
              .formatted(config.grpcPort()),
          e);
    }
    server = started;
    executor = calls;
    LOG.infof("gRPC on port %d", started.getPort());
    // Over TLS it would need a certificate that its own authority may not have signed.
    if (encrypted.isEmpty()) {
      Thread.ofPlatform().name("grpc-warm-up").daemon().start(() -> warmUp(started.getPort()));
    } else {
      warm.complete(null);
    }
  }

  private void warmUp(int port) {
    try {
      GrpcWarmUp.run(port);
    } finally {
      warm.complete(null);
    }
  }

  /** Waits until a call takes no longer than the next one will. */
  public void awaitWarm() {
    warm.join();
  }

  /** The port that it listens on. */
  public int port() {
    Server running = server;
    if (running == null) {
      throw new IllegalStateException("gRPC is not listening");
    }
    return running.getPort();
  }

  /**
   * When the drain delay is over, clients are told to go (GOAWAY), whatever HTTP still answers
   * then.
   */
  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    Server running = server;
    if (running != null) {
      CompletableFuture.delayedExecutor(config.drainSeconds(), TimeUnit.SECONDS)
          .execute(running::shutdown);
      finishBy =
          System.nanoTime() + TimeUnit.SECONDS.toNanos(config.drainSeconds() + FINISH_SECONDS);
    }
  }

  /**
   * Before the models are closed: what clients wait for is answered, within one time for HTTP and
   * gRPC.
   */
  void stop(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) ShutdownEvent event) {
    Server running = server;
    ExecutorService calls = executor;
    if (running == null || calls == null) {
      return;
    }
    running.shutdown();
    try {
      long left =
          finishBy == 0 ? TimeUnit.SECONDS.toNanos(FINISH_SECONDS) : finishBy - System.nanoTime();
      if (!running.awaitTermination(left, TimeUnit.NANOSECONDS)) {
        LOG.warnf("calls are still running after %d s and are cut off", FINISH_SECONDS);
        running.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      running.shutdownNow();
    }
    calls.shutdown();
  }
}
