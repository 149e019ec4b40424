package dev.hone.server.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Consumer;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.security.auth.x500.X500Principal;
import org.jboss.logging.Logger;

/** The routes for the operator, which shows that it is by its certificate. */
final class ControlServer implements Handler<HttpServerRequest> {
  private static final Logger LOG = Logger.getLogger(ControlServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String JSON_TYPE = "application/json";
  private static final int MAX_CONFIGURATION = 1 << 20;
  private static final int MAX_GOLDEN_SET = 4 << 20;

  /** The same authority signs for routers too, and one has nothing to tell another. */
  private static final X500Principal OPERATOR = new X500Principal("CN=hone-operator");

  private final ActiveRouting active;
  private final GoldenCheck golden;

  ControlServer(ActiveRouting active, GoldenCheck golden) {
    this.active = active;
    this.golden = golden;
  }

  @Override
  public void handle(HttpServerRequest request) {
    if (!isOfOperator(request)) {
      Replies.error(request, 403, "the client's certificate is not the operator's");
      return;
    }
    boolean put = HttpMethod.PUT.equals(request.method());
    switch (request.path()) {
      case "/statistics" -> statistics(request);
      case "/configuration" -> {
        if (put) {
          take(request, "a configuration", MAX_CONFIGURATION, this::configure);
        } else {
          configuration(request);
        }
      }
      case "/golden-set" -> {
        if (put) {
          take(request, "a golden set", MAX_GOLDEN_SET, this::check);
        } else {
          Replies.error(
              request, 405, "send a golden set by PUT; what it shows stands in /statistics");
        }
      }
      default ->
          Replies.error(
              request,
              404,
              "there is no such route: use /configuration, /golden-set or /statistics");
    }
  }

  private static boolean isOfOperator(HttpServerRequest request) {
    try {
      return OPERATOR.equals(request.sslSession().getPeerPrincipal());
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }

  private void configuration(HttpServerRequest request) {
    active
        .get()
        .ifPresentOrElse(
            state ->
                request
                    .response()
                    .putHeader("content-type", JSON_TYPE)
                    .end(Buffer.buffer(state.routing().document())),
            () -> Replies.error(request, 404, "there is no configuration yet"));
  }

  private void statistics(HttpServerRequest request) {
    active
        .get()
        .ifPresentOrElse(
            state -> Replies.text(request, 200, JSON_TYPE, document(state)),
            () -> Replies.error(request, 404, "there is no configuration yet"));
  }

  private static String document(ActiveRouting.State state) {
    ObjectNode root =
        JSON.createObjectNode()
            .put("revision", state.routing().revision())
            .put("weight", state.routing().weight());
    root.setAll((ObjectNode) JSON.valueToTree(state.statistics().snapshot()));
    try {
      return JSON.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers are always JSON", e);
    }
  }

  private static void take(
      HttpServerRequest request, String what, int most, Consumer<Buffer> taker) {
    BodyReader.read(request, most)
        .onSuccess(
            body ->
                body.ifPresentOrElse(
                    found -> take(request, found, taker),
                    () ->
                        Replies.error(
                            request, 413, "%s has at most %d bytes".formatted(what, most))));
  }

  private static void take(HttpServerRequest request, Buffer body, Consumer<Buffer> taker) {
    try {
      taker.accept(body);
      request.response().setStatusCode(204).end();
    } catch (IllegalArgumentException e) {
      Replies.error(request, 400, String.valueOf(e.getMessage()));
    }
  }

  private void configure(Buffer body) {
    Routing routing = Routing.parse(body.getBytes());
    active.put(routing);
    LOG.infof(
        "revision %s: %d%% of the requests to the candidate, %s of them repeated",
        routing.revision(), routing.weight(), routing.shadowShare());
  }

  private void check(Buffer body) {
    GoldenSet set = GoldenSet.parse(body.getBytes());
    golden.start(set);
    LOG.infof("golden set %s: %d requests", set.digest(), set.requests().size());
  }
}
