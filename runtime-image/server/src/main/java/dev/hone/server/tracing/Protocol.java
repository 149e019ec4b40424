package dev.hone.server.tracing;

import static io.opentelemetry.api.common.AttributeKey.longKey;

import io.opentelemetry.api.common.AttributeKey;
import java.util.Set;

/** How the protocols of requests tell what became of them, by OpenTelemetry's conventions. */
enum Protocol {
  HTTP(longKey("http.response.status_code")) {
    @Override
    boolean isServerError(int status) {
      return status >= 500;
    }

    @Override
    boolean isError(int status) {
      return status >= 400;
    }
  },
  GRPC(longKey("rpc.grpc.status_code")) {
    @Override
    boolean isServerError(int code) {
      return SERVER_ERRORS.contains(code);
    }

    @Override
    boolean isError(int code) {
      return code != 0;
    }
  };

  /** UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
  private static final Set<Integer> SERVER_ERRORS = Set.of(2, 4, 12, 13, 14, 15);

  private final AttributeKey<Long> status;

  Protocol(AttributeKey<Long> status) {
    this.status = status;
  }

  /** The attribute with the status. */
  AttributeKey<Long> status() {
    return status;
  }

  /** Whether the span of who answered so has failed: a client's mistake is not the server's. */
  abstract boolean isServerError(int status);

  /** Whether the span of who was answered so has failed. */
  abstract boolean isError(int status);
}
