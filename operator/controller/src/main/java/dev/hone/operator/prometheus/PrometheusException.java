package dev.hone.operator.prometheus;

import java.io.Serial;

/** A query without a result; the message is a sentence that says what to do. */
final class PrometheusException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  PrometheusException(String message) {
    super(message);
  }

  PrometheusException(String message, Throwable cause) {
    super(message, cause);
  }
}
