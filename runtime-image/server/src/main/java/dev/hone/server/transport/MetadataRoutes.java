package dev.hone.server.transport;

import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.serving.ModelRegistry;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The routes that say what the server and its models are, and whether they are ready. */
@ApplicationScoped
public class MetadataRoutes {
  private static final List<String> EXTENSIONS = List.of("classification", "binary_tensor_data");

  private final ModelRegistry registry;
  private final Answers answers;
  private final String version;

  /** Answers from that registry. */
  public MetadataRoutes(
      ModelRegistry registry,
      Answers answers,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.registry = registry;
    this.answers = answers;
    this.version = version;
  }

  void register(@Observes Router router) {
    router.get("/v2").handler(this::server);
    router.get("/v2/health/live").handler(this::live);
    router.get("/v2/health/ready").handler(this::ready);
    router.get("/v2/models/:model").handler(this::model);
    router.get("/v2/models/:model/ready").handler(this::modelReady);
    router.get("/v2/models/:model/versions/:version").handler(this::model);
    router.get("/v2/models/:model/versions/:version/ready").handler(this::modelReady);
  }

  private void server(RoutingContext context) {
    answers.send(context, 200, answers.json().server("hone-server", version, EXTENSIONS));
  }

  private void live(RoutingContext context) {
    answers.send(context, 200, answers.json().flag("live", true));
  }

  private void ready(RoutingContext context) {
    boolean ready = registry.ready();
    answers.send(context, ready ? 200 : 503, answers.json().flag("ready", ready));
  }

  private void model(RoutingContext context) {
    answers.send(
        context,
        200,
        answers
            .json()
            .model(registry.metadata(context.pathParam("model"), context.pathParam("version"))));
  }

  private void modelReady(RoutingContext context) {
    String name = context.pathParam("model");
    try {
      registry.find(name, context.pathParam("version"));
      answers.send(context, 200, answers.json().modelReady(name, true));
    } catch (ProtocolException e) {
      if (e.status() != 503) {
        throw e;
      }
      answers.send(context, 503, answers.json().modelReady(name, false));
    }
  }
}
