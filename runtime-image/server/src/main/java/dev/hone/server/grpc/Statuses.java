package dev.hone.server.grpc;

import dev.hone.server.protocol.ProtocolException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.jboss.logging.Logger;

/** Errors as gRPC's status codes, as Triton maps them. */
final class Statuses {
  private static final Logger LOG = Logger.getLogger(Statuses.class);
  private static final int CLIENT_GONE = 499;

  private Statuses() {}

  /** What a call ends with. */
  static StatusRuntimeException of(Throwable failure) {
    Throwable cause = cause(failure);
    if (cause instanceof ProtocolException refused) {
      return code(refused.status()).withDescription(refused.sentence()).asRuntimeException();
    }
    if (cause instanceof CancellationException) {
      return Status.CANCELLED.asRuntimeException();
    }
    LOG.error("a call failed", cause);
    return Status.INTERNAL
        .withDescription("the server failed on this request: " + cause)
        .asRuntimeException();
  }

  /** The same failure as an HTTP status, by which failures are counted. */
  static int http(Throwable failure) {
    return switch (cause(failure)) {
      case ProtocolException refused -> refused.status();
      case CancellationException gone -> CLIENT_GONE;
      default -> 500;
    };
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  private static Status code(int http) {
    return switch (http) {
      case 400, 415 -> Status.INVALID_ARGUMENT;
      case 404 -> Status.NOT_FOUND;
      case 409 -> Status.ALREADY_EXISTS;
      case 413 -> Status.RESOURCE_EXHAUSTED;
      case 499 -> Status.CANCELLED;
      case 501 -> Status.UNIMPLEMENTED;
      case 503 -> Status.UNAVAILABLE;
      case 504 -> Status.DEADLINE_EXCEEDED;
      default -> Status.INTERNAL;
    };
  }
}
