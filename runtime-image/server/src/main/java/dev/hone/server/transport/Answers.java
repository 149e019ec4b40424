package dev.hone.server.transport;

import dev.hone.server.protocol.JsonWriter;
import dev.hone.server.serving.ModelRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;

/** Sends JSON answers. */
@ApplicationScoped
public class Answers {
  private static final String RETRY_SECONDS = "1";

  private final JsonWriter json = new JsonWriter();
  private final ModelRegistry registry;

  /** Answers for that registry's server. */
  public Answers(ModelRegistry registry) {
    this.registry = registry;
  }

  JsonWriter json() {
    return json;
  }

  /** Sends a document. */
  void send(RoutingContext context, int status, byte[] body) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return;
    }
    response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, "application/json");
    if (registry.draining()) {
      // The client's next request must open a connection, which will lead to another pod.
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    response.end(Buffer.buffer(body));
  }

  /** Sends an error. */
  void error(RoutingContext context, int status, String sentence) {
    if (status == 503 && !context.response().headWritten()) {
      context.response().putHeader(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    send(context, status, json.error(sentence));
  }
}
