package dev.hone.server.transport;

import dev.hone.server.config.ClientAuth;
import dev.hone.server.config.ServerConfig;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** What the protocol's port has besides its certificate, where it speaks TLS. */
@ApplicationScoped
public class TlsPort implements HttpServerOptionsCustomizer {
  private final ServerConfig config;

  /** Goes by those settings. */
  public TlsPort(ServerConfig config) {
    this.config = config;
  }

  @Override
  public void customizeHttpsServer(HttpServerOptions options) {
    // A pod that leaves says so with Connection: close, which HTTP/2 does not have.
    options.setAlpnVersions(List.of(HttpVersion.HTTP_1_1));
    if (config.tlsClientAuth() == ClientAuth.REQUIRED) {
      options.setClientAuth(io.vertx.core.http.ClientAuth.REQUIRED);
    }
  }
}
