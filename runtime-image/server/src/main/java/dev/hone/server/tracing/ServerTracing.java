package dev.hone.server.tracing;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** The server's tracing, as its environment says. */
@Singleton
class ServerTracing {
  @Produces
  @Singleton
  Tracing tracing() {
    return Tracing.of(System.getenv(), "hone-server");
  }
}
