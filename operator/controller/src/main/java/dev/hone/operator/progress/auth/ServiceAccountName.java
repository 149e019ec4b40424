package dev.hone.operator.progress.auth;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A service account as the API server calls it in tokens. */
record ServiceAccountName(String namespace, String name) {
  private static final String PREFIX = "system:serviceaccount:";

  /** Reads {@code system:serviceaccount:NAMESPACE:NAME}; empty if it is anybody else. */
  static Optional<ServiceAccountName> parse(@Nullable String user) {
    if (user == null || !user.startsWith(PREFIX)) {
      return Optional.empty();
    }
    String[] parts = user.substring(PREFIX.length()).split(":", -1);
    return parts.length == 2 && !parts[0].isEmpty() && !parts[1].isEmpty()
        ? Optional.of(new ServiceAccountName(parts[0], parts[1]))
        : Optional.empty();
  }
}
