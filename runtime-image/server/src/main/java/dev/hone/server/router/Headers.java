package dev.hone.server.router;

import io.vertx.core.MultiMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which headers travel on, and which belong to one connection (RFC 9110, 7.6.1). */
final class Headers {
  private static final Set<String> OF_A_CONNECTION = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

  static {
    OF_A_CONNECTION.addAll(
        Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "expect",
            "host",
            "content-length"));
  }

  private Headers() {}

  /** The headers that travel on; the length is left to who writes the body. */
  static MultiMap travelling(MultiMap headers) {
    Set<String> named = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    headers.getAll("connection").forEach(value -> named.addAll(Set.of(value.split("\\s*,\\s*"))));
    MultiMap travelling = MultiMap.caseInsensitiveMultiMap();
    for (Map.Entry<String, String> header : headers) {
      if (!OF_A_CONNECTION.contains(header.getKey()) && !named.contains(header.getKey())) {
        travelling.add(header.getKey(), header.getValue());
      }
    }
    return travelling;
  }
}
