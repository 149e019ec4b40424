package dev.hone.server.transport;

import dev.hone.server.inference.InferenceException;
import dev.hone.server.protocol.JsonWriter;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.ResponseBody;
import dev.hone.server.serving.ModelRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.ByteBuffer;

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
    if (open(context)) {
      start(context, status, "application/json").end(Buffer.buffer(body));
    }
  }

  /** Sends an inference response. */
  void send(RoutingContext context, ResponseBody body) {
    if (body.binary().isEmpty()) {
      send(context, 200, body.json());
    } else if (open(context)) {
      Buffer whole = Buffer.buffer(Math.toIntExact(body.size())).appendBytes(body.json());
      for (ByteBuffer part : body.binary()) {
        byte[] bytes = new byte[part.remaining()];
        part.get(bytes);
        whole.appendBytes(bytes);
      }
      start(context, 200, "application/octet-stream")
          .putHeader(RequestBody.JSON_LENGTH, Integer.toString(body.json().length))
          .end(whole);
    }
  }

  private static boolean open(RoutingContext context) {
    return !context.response().ended() && !context.response().closed();
  }

  private HttpServerResponse start(RoutingContext context, int status, String type) {
    HttpServerResponse response =
        context.response().setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, type);
    if (registry.draining()) {
      // The client's next request must open a connection, which will lead to another pod.
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    return response;
  }

  /** Sends a refusal, and when to try again if the engine can tell. */
  void refuse(RoutingContext context, ProtocolException refused) {
    if (refused instanceof InferenceException.Overloaded overloaded
        && !context.response().headWritten()) {
      long seconds = Math.max(overloaded.retryAfter().plusMillis(999).toSeconds(), 1);
      context.response().putHeader(HttpHeaders.RETRY_AFTER, Long.toString(seconds));
    }
    error(context, refused.status(), refused.sentence());
  }

  /** Sends an error. */
  void error(RoutingContext context, int status, String sentence) {
    if (status == 503
        && !context.response().headWritten()
        && !context.response().headers().contains(HttpHeaders.RETRY_AFTER)) {
      context.response().putHeader(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    send(context, status, json.error(sentence));
  }
}
