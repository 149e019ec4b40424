package dev.hone.server.router;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;

/** The routes for the probes and the metrics. */
final class AdminServer implements Handler<HttpServerRequest> {
  private static final String TEXT = "text/plain";

  private final ActiveRouting active;
  private final RouterIdentity identity;

  AdminServer(ActiveRouting active, RouterIdentity identity) {
    this.active = active;
    this.identity = identity;
  }

  @Override
  public void handle(HttpServerRequest request) {
    switch (request.path()) {
      case "/health/live" -> Replies.text(request, 200, TEXT, "alive\n");
      case "/health/ready" -> ready(request);
      case "/metrics" ->
          Replies.text(
              request, 200, RouterMetrics.CONTENT_TYPE, RouterMetrics.text(identity, active.get()));
      default ->
          Replies.error(
              request,
              404,
              "there is no such route: use /metrics, /health/live or /health/ready; what the"
                  + " operator sends is taken on the control port");
    }
  }

  private void ready(HttpServerRequest request) {
    boolean ready = active.ready();
    Replies.text(
        request,
        ready ? 200 : 503,
        TEXT,
        ready ? "ready\n" : active.draining() ? "draining\n" : "no configuration yet\n");
  }
}
