package dev.hone.server.transport;

import dev.hone.server.access.ApiKeys;
import dev.hone.server.protocol.ProtocolException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Where clients need a key, refuses requests without one; health probes need none. */
@ApplicationScoped
public class KeyGuard {
  private final ApiKeys keys;

  /** Asks for one of those keys. */
  public KeyGuard(ApiKeys keys) {
    this.keys = keys;
  }

  void register(@Observes Router router) {
    if (keys.wanted()) {
      // Behind the front door, whose limits hold for everybody.
      router.route().order(Integer.MIN_VALUE + 2).handler(this::enter);
    }
  }

  private void enter(RoutingContext context) {
    if (!FrontDoor.isHealth(context)
        && !keys.admits(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
      FrontDoor.readOn(context);
      context.response().putHeader("WWW-Authenticate", "Bearer");
      throw new ProtocolException(401, ApiKeys.REFUSAL);
    }
    context.next();
  }
}
