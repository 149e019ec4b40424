package dev.hone.operator.progress.http;

import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/** What is sent back for a report. */
record Answer(int status, int retryAfterSeconds, JsonObject body) {
  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;

  static Answer taken(int intervalSeconds) {
    return new Answer(OK, 0, new JsonObject().put("intervalSeconds", intervalSeconds));
  }

  static Answer refused(ReportRefusedException e) {
    return refused(e.reason(), e.sentence());
  }

  static Answer refused(Refusal reason, String sentence) {
    return new Answer(
        reason.status(), reason.retryAfterSeconds(), new JsonObject().put("error", sentence));
  }

  void send(HttpServerResponse response) {
    if (response.ended() || response.closed()) {
      return;
    }
    if (retryAfterSeconds > 0) {
      response.putHeader("Retry-After", String.valueOf(retryAfterSeconds));
    }
    if (status == UNAUTHORIZED) {
      response.putHeader("WWW-Authenticate", "Bearer");
    }
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .end(body.encode());
  }
}
