package dev.hone.server.router;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerResponse;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** The codes of gRPC that the router itself sends or must tell apart. */
enum GrpcStatus {
  DEADLINE_EXCEEDED(4),
  RESOURCE_EXHAUSTED(8),
  UNAVAILABLE(14),
  UNAUTHENTICATED(16);

  static final String HEADER = "grpc-status";
  static final String OK = "0";
  private static final int UNKNOWN = 2;

  /**
   * UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
   * DATA_LOSS.
   */
  private static final Set<String> FAULTS_OF_THE_SERVER =
      Set.of("2", "4", "8", "12", "13", "14", "15");

  private final int code;

  GrpcStatus(int code) {
    this.code = code;
  }

  /** Whether headers or trailers say that the server, not the request, is at fault. */
  static boolean isServerError(MultiMap end) {
    String status = end.get(HEADER);
    return status == null || FAULTS_OF_THE_SERVER.contains(status);
  }

  /** The code in the trailers, or where there were none in the headers; UNKNOWN without one. */
  static int code(MultiMap trailers, MultiMap headers) {
    String status = trailers.contains(HEADER) ? trailers.get(HEADER) : headers.get(HEADER);
    try {
      return status == null ? UNKNOWN : Integer.parseInt(status);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    }
  }

  /** Ends a call that nothing was sent of. */
  void send(HttpServerResponse response, String sentence) {
    if (response.ended() || response.closed()) {
      return;
    }
    response
        .putHeader("content-type", "application/grpc")
        .putHeader(HEADER, Integer.toString(code))
        .putHeader(
            "grpc-message", URLEncoder.encode(sentence, StandardCharsets.UTF_8).replace("+", "%20"))
        .end();
  }
}
