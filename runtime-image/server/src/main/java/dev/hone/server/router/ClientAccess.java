package dev.hone.server.router;

import dev.hone.server.config.ClientAuth;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What clients of a router need, by the variables that the server has for its own.
 *
 * @param tls folder with the certificate that the ports for clients show, its key, and the
 *     authority of the clients' certificates; without one the ports speak plain HTTP
 * @param clientAuth whether clients show a certificate
 * @param apiKeys file with the keys that clients may show; without one they need none
 * @param lookMillis how often is looked whether the files of TLS have changed
 */
record ClientAccess(
    Optional<Path> tls, ClientAuth clientAuth, Optional<Path> apiKeys, long lookMillis) {

  /** Plain HTTP for everybody. */
  static final ClientAccess OPEN =
      new ClientAccess(Optional.empty(), ClientAuth.NONE, Optional.empty(), 10_000);

  /** Reads the settings. */
  static ClientAccess of(Map<String, String> environment) {
    return new ClientAccess(
        path(environment, "HONE_TLS"),
        ClientAuth.REQUIRED.name().equalsIgnoreCase(environment.get("HONE_TLS_CLIENT_AUTH"))
            ? ClientAuth.REQUIRED
            : ClientAuth.NONE,
        path(environment, "HONE_API_KEY_FILE"),
        OPEN.lookMillis());
  }

  private static Optional<Path> path(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank()).map(Path::of);
  }
}
