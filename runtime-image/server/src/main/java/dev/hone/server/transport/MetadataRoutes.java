package dev.hone.server.transport;

import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServerInfo;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** The routes that say what the server and its models are, and whether they are ready. */
@ApplicationScoped
public class MetadataRoutes {
  private final ModelRegistry registry;
  private final Answers answers;
  private final ServerInfo info;

  /** Answers from that registry. */
  public MetadataRoutes(ModelRegistry registry, Answers answers, ServerInfo info) {
    this.registry = registry;
    this.answers = answers;
    this.info = info;
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

  /**
   * The management port answers probes and who watches the pod, whatever the protocol's port asks
   * of clients: the kubelet has no certificate, and nobody else's key.
   */
  void register(@Observes ManagementInterface management) {
    Router router = management.router();
    router.get("/v2/health/live").handler(this::live);
    router.get("/v2/health/ready").handler(this::ready);
    router.get("/v2/models/:model").handler(this::model);
  }

  private void server(RoutingContext context) {
    answers.send(
        context, 200, answers.json().server(info.name(), info.version(), info.extensions()));
  }

  private void live(RoutingContext context) {
    answers.send(context, 200, answers.json().flag("live", true));
  }

  private void ready(RoutingContext context) {
    boolean ready = registry.ready();
    answers.send(
        context,
        ready ? 200 : 503,
        registry
            .refusal()
            .map(sentence -> answers.json().notReady(sentence))
            .orElseGet(() -> answers.json().flag("ready", ready)));
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
    boolean ready = registry.serves(name, context.pathParam("version"));
    answers.send(context, ready ? 200 : 503, answers.json().modelReady(name, ready));
  }
}
