package dev.hone.server.transport;

import dev.hone.server.config.ServerConfig;
import dev.hone.server.protocol.ProtocolException;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jboss.logging.Logger;

/** Answers what no other route does: every error has a JSON body with a sentence. */
@ApplicationScoped
public class ErrorRoutes {
  private static final Logger LOG = Logger.getLogger(ErrorRoutes.class);

  private final Answers answers;
  private final ServerConfig config;

  /** Explains errors in terms of those settings. */
  public ErrorRoutes(Answers answers, ServerConfig config) {
    this.answers = answers;
    this.config = config;
  }

  void register(@Observes Router router) {
    // First of all routes: the framework's own failure handler would answer with plain text.
    router.route().order(Integer.MIN_VALUE).failureHandler(this::failed);
    router.errorHandler(404, this::notFound);
    router.errorHandler(405, this::wrongMethod);
  }

  void register(@Observes ManagementInterface management) {
    management.router().route("/v2/*").order(Integer.MIN_VALUE).failureHandler(this::failed);
  }

  private void failed(RoutingContext context) {
    Throwable failure = context.failure();
    if (failure instanceof ProtocolException refused) {
      answers.refuse(context, refused);
      return;
    }
    switch (context.statusCode()) {
      case 400 ->
          answers.error(
              context, 400, "the request or its path is malformed: percent-encode what is special");
      case 413 -> tooLarge(context);
      default -> {
        LOG.error("a request failed", failure);
        answers.error(context, 500, "the server failed on this request: " + failure);
      }
    }
  }

  private void notFound(RoutingContext context) {
    answers.error(
        context,
        404,
        "there is no route %s: use /v2, /v2/health/…, /v2/models/NAME or POST /v2/models/NAME/infer"
            .formatted(context.request().path()));
  }

  private void wrongMethod(RoutingContext context) {
    String path = context.request().path();
    boolean infer = path.endsWith("/infer");
    String allowed = infer ? "POST" : "GET";
    context.response().putHeader("Allow", allowed);
    answers.error(context, 405, "%s takes %s only".formatted(path, allowed));
  }

  private void tooLarge(RoutingContext context) {
    FrontDoor.readOn(context);
    answers.error(
        context,
        413,
        "the body is larger than %d bytes: send fewer rows at a time, or raise HONE_MAX_BODY"
            .formatted(config.maxBody().asLongValue()));
  }
}
