package dev.hone.server.router;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Settings of routers that listen on whatever ports are free, and leave at once. */
final class AnyPorts {
  static final int MAX_BODY = 1 << 20;
  static final long RETRY_MILLIS = 5000;

  private AnyPorts() {}

  static RouterSettings settings(Optional<Path> configuration, Optional<Path> tls) {
    return settings(configuration, tls, MAX_BODY, RETRY_MILLIS);
  }

  static RouterSettings settings(
      Optional<Path> configuration, Optional<Path> tls, int maxBody, long retryMillis) {
    return settings(configuration, tls, maxBody, retryMillis, ClientAccess.OPEN);
  }

  static RouterSettings settings(
      Optional<Path> configuration,
      Optional<Path> tls,
      int maxBody,
      long retryMillis,
      ClientAccess access) {
    return new RouterSettings(
        0,
        0,
        0,
        0,
        configuration,
        tls,
        maxBody,
        retryMillis,
        0,
        access,
        RouterIdentity.of(Map.of()));
  }
}
