package dev.hone.server.router;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Where a version answers.
 *
 * @param rest address of its REST port, such as {@code http://spam-stable:8000}; https where it
 *     speaks TLS
 * @param grpc address of its gRPC port, such as {@code http://spam-stable:8001}
 */
record Backend(URI rest, URI grpc) {

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException with a sentence if it is none
   */
  static URI address(String field, String text) {
    try {
      URI uri = new URI(text);
      if ((isEncrypted(uri) || "http".equals(uri.getScheme()))
          && uri.getHost() != null
          && uri.getPort() > 0
          && (uri.getPath() == null || uri.getPath().isEmpty())) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Said below, in terms of what to write instead.
    }
    throw new IllegalArgumentException(
        "%s is '%s': write http://HOST:PORT or https://HOST:PORT, without a path"
            .formatted(field, text));
  }

  /** Whether who answers there speaks TLS. */
  static boolean isEncrypted(URI address) {
    return "https".equals(address.getScheme());
  }

  /** Whether it speaks TLS on one of its ports. */
  boolean isEncrypted() {
    return isEncrypted(rest) || isEncrypted(grpc);
  }
}
