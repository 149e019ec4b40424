package dev.hone.server.transport;

import dev.hone.server.access.ClientNames;
import dev.hone.server.protocol.ProtocolException;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Where clients' certificates must be for a name, refuses requests with another. */
@ApplicationScoped
public class NameGuard {
  private final ClientNames names;

  /** Asks for that name. */
  public NameGuard(ClientNames names) {
    this.names = names;
  }

  void register(@Observes Router router) {
    if (names.wanted()) {
      // Behind the front door, whose limits hold for everybody.
      router.route().order(Integer.MIN_VALUE + 2).handler(this::enter);
    }
  }

  private void enter(RoutingContext context) {
    if (!names.admits(context.request().sslSession())) {
      FrontDoor.readOn(context);
      throw new ProtocolException(403, ClientNames.REFUSAL);
    }
    context.next();
  }
}
