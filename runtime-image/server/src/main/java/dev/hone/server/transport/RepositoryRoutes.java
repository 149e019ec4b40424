package dev.hone.server.transport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.serving.ModelControl;
import dev.hone.server.serving.ModelRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/** The routes of Triton's model repository and statistics extensions. */
@ApplicationScoped
public class RepositoryRoutes {
  private static final long MAX_BODY = 64 << 10;

  private final ModelControl control;
  private final ModelRegistry registry;
  private final Answers answers;
  private final ObjectMapper json;

  /** Answers from that registry and its control. */
  public RepositoryRoutes(
      ModelControl control, ModelRegistry registry, Answers answers, ObjectMapper json) {
    this.control = control;
    this.registry = registry;
    this.answers = answers;
    this.json = json;
  }

  void register(@Observes Router router) {
    BodyHandler body = BodyHandler.create(false).setBodyLimit(MAX_BODY);
    // Before the route of a model, which would take "stats" for its name.
    router.get("/v2/models/stats").order(-1).handler(this::statistics);
    router.get("/v2/models/:model/stats").handler(this::statistics);
    router.get("/v2/models/:model/versions/:version/stats").handler(this::statistics);
    router.post("/v2/repository/index").handler(body).handler(this::index);
    router
        .post("/v2/repository/models/:model/load")
        .handler(body)
        .blockingHandler(context -> change(context, control::load), false);
    router
        .post("/v2/repository/models/:model/unload")
        .handler(body)
        .blockingHandler(context -> change(context, control::unload), false);
  }

  private void statistics(RoutingContext context) {
    answers.send(
        context,
        200,
        answers
            .json()
            .statistics(
                registry.statistics(context.pathParam("model"), context.pathParam("version"))));
  }

  private void index(RoutingContext context) {
    boolean ready = document(context).path("ready").asBoolean(false);
    answers.send(context, 200, answers.json().index(control.index(ready)));
  }

  private void change(RoutingContext context, Change change) {
    Set<String> parameters = new TreeSet<>();
    document(context).path("parameters").fieldNames().forEachRemaining(parameters::add);
    change.apply(context.pathParam("model"), parameters);
    answers.send(context, 200, new byte[0]);
  }

  /** What is done to a model. */
  @FunctionalInterface
  private interface Change {
    void apply(String model, Set<String> parameters);
  }

  private JsonNode document(RoutingContext context) {
    Buffer body = context.body().buffer();
    if (body == null || body.length() == 0) {
      return json.createObjectNode();
    }
    try {
      return json.readTree(body.getBytes());
    } catch (IOException e) {
      throw ProtocolException.badRequest(
          "the body is not valid JSON: send none, or an object such as {\"ready\": true}");
    }
  }
}
