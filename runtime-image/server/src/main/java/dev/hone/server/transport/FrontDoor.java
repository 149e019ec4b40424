package dev.hone.server.transport;

import dev.hone.server.access.HealthQuestions;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.serving.ModelRegistry;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Map;

/**
 * What every request passes first: the limits of its header and of the number of connections. On
 * the way out it sees to it that no client is left with a connection to a server that is gone.
 */
@ApplicationScoped
public class FrontDoor {
  /** What HTTP spends on a header line beyond name and value. */
  private static final int LINE = ": \r\n".length();

  private final Connections connections = new Connections();
  private final ModelRegistry registry;
  private final Vertx vertx;
  private final long maxHeader;
  private final int maxConnections;
  private final long drainMillis;

  /** Guards the server with those limits. */
  public FrontDoor(ModelRegistry registry, Vertx vertx, ServerConfig config) {
    this.registry = registry;
    this.vertx = vertx;
    this.maxHeader = config.maxHeader().asLongValue();
    this.maxConnections = config.maxConnections();
    this.drainMillis = config.drainSeconds() * 1_000L;
  }

  void register(@Observes Router router) {
    // After the handler of failures, which explains what is refused here.
    router.route().order(Integer.MIN_VALUE + 1).handler(this::enter);
  }

  private void enter(RoutingContext context) {
    boolean welcome = connections.arrived(context, maxConnections, registry::draining);
    // A probe that is refused would have the pod restarted for being busy.
    if (!welcome && !isHealth(context)) {
      context.addEndHandler(answered -> context.request().connection().close());
      readOn(context);
      throw new ProtocolException(
          503,
          "this connection is one more than the %d that are allowed: use one again, send to another replica, or raise HONE_MAX_CONNECTIONS"
              .formatted(maxConnections));
    }
    long header = size(context.request());
    if (header > maxHeader) {
      readOn(context);
      throw new ProtocolException(
          431,
          "the request's header has %d bytes and %d are allowed: send less in it, or raise HONE_MAX_HEADER"
              .formatted(header, maxHeader));
    }
    // No route takes a form, which is what curl calls everything: read as one, bytes and texts with
    // a percent sign would be refused.
    context.request().headers().remove(HttpHeaders.CONTENT_TYPE);
    context.next();
  }

  /** Whether it asks for the server's health. */
  static boolean isHealth(RoutingContext context) {
    return HealthQuestions.isPath(context.request().path());
  }

  /** A client that is still sending would not see the answer. */
  static void readOn(RoutingContext context) {
    if (!context.request().isEnded()) {
      context.request().handler(rest -> {}).resume();
    }
  }

  private static long size(HttpServerRequest request) {
    long size = request.uri().length();
    for (Map.Entry<String, String> line : request.headers()) {
      size += line.getKey().length() + line.getValue().length() + LINE;
    }
    return size;
  }

  /**
   * Clients that ask during the drain delay learn by the answer that their connection closes. Those
   * that do not are cut loose while it still lasts: what they ask next opens a new one.
   */
  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    long late = drainMillis * 4 / 5;
    if (late > 0) {
      vertx.setTimer(late, now -> connections.closeIdle());
    } else {
      connections.closeIdle();
    }
  }
}
