package dev.hone.server.router;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The router's settings, out of environment variables.
 *
 * @param httpPort port for REST
 * @param grpcPort port for gRPC
 * @param adminPort port for the metrics and the probes
 * @param controlPort port for what the operator sends and asks
 * @param configuration file with the configuration to start with
 * @param tls folder with the certificate that the control port shows, and the router to versions
 *     that speak TLS, its key, and the authority that the operator's and the versions' are of;
 *     without one there is no such port
 * @param maxBody the largest request body, in bytes
 * @param retryMillis how long a request looks for a connection before it is given up
 * @param drainSeconds how long the router goes on serving after SIGTERM
 * @param access what clients need
 * @param identity whose router it is
 */
record RouterSettings(
    int httpPort,
    int grpcPort,
    int adminPort,
    int controlPort,
    Optional<Path> configuration,
    Optional<Path> tls,
    int maxBody,
    long retryMillis,
    int drainSeconds,
    ClientAccess access,
    RouterIdentity identity) {

  private static final int MAX_BODY = 32 << 20;

  /**
   * Reads the settings.
   *
   * @throws IllegalArgumentException with a sentence if one is wrong
   */
  static RouterSettings of(Map<String, String> environment) {
    return new RouterSettings(
        number(environment, "HONE_HTTP_PORT", 8000, 65_535),
        number(environment, "HONE_GRPC_PORT", 8001, 65_535),
        number(environment, "HONE_ADMIN_PORT", 8002, 65_535),
        number(environment, "HONE_CONTROL_PORT", 8003, 65_535),
        path(environment, "HONE_ROUTER_CONFIGURATION"),
        path(environment, "HONE_ROUTER_TLS"),
        number(environment, "HONE_ROUTER_MAX_BODY_BYTES", MAX_BODY, Integer.MAX_VALUE),
        number(environment, "HONE_ROUTER_RETRY_MILLIS", 5000, 600_000),
        number(environment, "HONE_DRAIN_SECONDS", 5, 86_400),
        ClientAccess.of(environment),
        RouterIdentity.of(environment));
  }

  private static Optional<Path> path(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank()).map(Path::of);
  }

  private static int number(Map<String, String> environment, String name, int otherwise, int most) {
    String text = environment.get(name);
    if (text == null || text.isBlank()) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(text.trim());
      if (value >= 0 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, in terms of what to write instead.
    }
    throw new IllegalArgumentException(
        "%s is '%s': write a whole number from 0 to %d".formatted(name, text, most));
  }
}
