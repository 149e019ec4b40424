package dev.hone.server.router;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;

/** Writes answers to clients. */
final class Replies {
  private static final String RETRY_SECONDS = "1";

  private Replies() {}

  /** Hands an answer of a version on; the future is done when it has gone. */
  static Future<Void> forward(
      HttpServerRequest request, ActiveRouting active, Arm arm, VersionAnswer answer) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return Future.failedFuture("the client has gone");
    }
    response.setStatusCode(answer.status());
    response.headers().addAll(Headers.travelling(answer.headers()));
    response.putHeader("Hone-Version", arm.text());
    closeIfDraining(request, active);
    if (HttpMethod.HEAD.equals(request.method())) {
      String length = answer.headers().get("content-length");
      if (length != null) {
        response.putHeader("content-length", length);
      }
      return response.end();
    }
    return response.end(answer.body());
  }

  /** Answers with an error of the protocol. */
  static void error(HttpServerRequest request, ActiveRouting active, int status, String sentence) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    if (status == 503) {
      response.putHeader("retry-after", RETRY_SECONDS);
    }
    closeIfDraining(request, active);
    error(request, status, sentence);
  }

  /** Answers with an error, as a sentence. */
  static void error(HttpServerRequest request, int status, String sentence) {
    text(request, status, "application/json", new JsonObject().put("error", sentence).encode());
  }

  /** Answers with a text. */
  static void text(HttpServerRequest request, int status, String type, String text) {
    request.response().setStatusCode(status).putHeader("content-type", type).end(text);
  }

  private static void closeIfDraining(HttpServerRequest request, ActiveRouting active) {
    if (active.draining() && request.version() != HttpVersion.HTTP_2) {
      // The client's next request must open a connection, which will lead to another router.
      request.response().putHeader("connection", "close");
    }
  }
}
