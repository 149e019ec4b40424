package dev.hone.server.router;

import dev.hone.server.access.ApiKeys;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/** Where clients need a key, refuses requests without one before anything is done for them. */
final class KeyCheck {
  private KeyCheck() {}

  /** What handles requests, behind a check if there are keys. */
  static Handler<HttpServerRequest> before(
      Handler<HttpServerRequest> requests, Proxy proxy, ApiKeys keys, ClientConnections clients) {
    return keys.wanted()
        ? request -> {
          if (proxy.isHealth(request)
              || keys.admits(request.getHeader(HttpHeaders.AUTHORIZATION))) {
            requests.handle(request);
          } else {
            clients.note(request);
            proxy.refuse(request, ApiKeys.REFUSAL);
          }
        }
        : requests;
  }
}
