package dev.hone.operator.progress;

import java.util.Locale;

/** Why a report is not taken, and how that is said over HTTP. */
public enum Refusal {
  MALFORMED(400),
  TOKEN_MISSING(401),
  TOKEN_INVALID(401),
  POD_GONE(403),
  OTHER_NAMESPACE(403),
  OTHER_RESOURCE(403),
  NOT_THE_FIRST_POD(403),
  NOT_FOUND(404),
  METHOD_NOT_ALLOWED(405),
  SUPERSEDED(409),
  OTHER_RESULT(409),
  TOO_LARGE(413),
  INTERNAL_ERROR(500, 5),
  BUSY(429, 2),
  NOT_RECORDED_YET(503, 2),
  RESULT_BLOCKED(503, 10),
  API_SERVER_UNREACHABLE(503, 5),
  STOPPING(503, 1);

  private final int status;
  private final int retryAfterSeconds;

  Refusal(int status) {
    this(status, 0);
  }

  Refusal(int status, int retryAfterSeconds) {
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** When to try again; 0 if trying again is of no use. */
  public int retryAfterSeconds() {
    return retryAfterSeconds;
  }

  /** The reason as a metric's label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
