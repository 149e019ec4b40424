package dev.hone.server.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The routes for the operator, the probes and the metrics. */
final class AdminServer implements Handler<HttpServerRequest> {
  private static final Logger LOG = Logger.getLogger(AdminServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEXT = "text/plain";
  private static final String JSON_TYPE = "application/json";
  private static final int MAX_CONFIGURATION = 1 << 20;
  private static final int MAX_GOLDEN_SET = 4 << 20;
  private static final String BEARER = "Bearer ";

  private final ActiveRouting active;
  private final GoldenCheck golden;
  private final Optional<Path> token;

  AdminServer(ActiveRouting active, GoldenCheck golden, Optional<Path> token) {
    this.active = active;
    this.golden = golden;
    this.token = token;
  }

  @Override
  public void handle(HttpServerRequest request) {
    boolean put = HttpMethod.PUT.equals(request.method());
    switch (request.path()) {
      case "/health/live" -> answer(request, 200, TEXT, "alive\n");
      case "/health/ready" -> ready(request);
      case "/metrics" ->
          answer(request, 200, RouterMetrics.CONTENT_TYPE, RouterMetrics.text(active.get()));
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
          error(request, 405, "send a golden set by PUT; what it shows stands in /statistics");
        }
      }
      default ->
          error(
              request,
              404,
              "there is no such route: use /configuration, /golden-set, /statistics, /metrics,"
                  + " /health/live or /health/ready");
    }
  }

  private void ready(HttpServerRequest request) {
    boolean ready = active.ready();
    answer(
        request,
        ready ? 200 : 503,
        TEXT,
        ready ? "ready\n" : active.draining() ? "draining\n" : "no configuration yet\n");
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
            () -> error(request, 404, "there is no configuration yet"));
  }

  private void statistics(HttpServerRequest request) {
    active
        .get()
        .ifPresentOrElse(
            state -> answer(request, 200, JSON_TYPE, document(state)),
            () -> error(request, 404, "there is no configuration yet"));
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

  /** Hands a document on that comes from who has the token. */
  private void take(HttpServerRequest request, String what, int most, Consumer<Buffer> taker) {
    BodyReader.read(request, most)
        .onSuccess(
            body -> {
              Optional<String> refused = refusal(request.getHeader("authorization"));
              if (refused.isPresent()) {
                error(request, 403, refused.get());
              } else if (body.isEmpty()) {
                error(request, 413, "%s has at most %d bytes".formatted(what, most));
              } else {
                take(request, body.get(), taker);
              }
            });
  }

  private static void take(HttpServerRequest request, Buffer body, Consumer<Buffer> taker) {
    try {
      taker.accept(body);
      request.response().setStatusCode(204).end();
    } catch (IllegalArgumentException e) {
      error(request, 400, String.valueOf(e.getMessage()));
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

  /** Why a document is not taken from whoever sends it. The file is read anew: it may change. */
  private Optional<String> refusal(@Nullable String header) {
    if (token.isEmpty()) {
      return Optional.of("no token is set: set HONE_ROUTER_TOKEN_FILE to the file that holds it");
    }
    byte[] wanted;
    try {
      wanted = Files.readString(token.get()).strip().getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      LOG.errorf("the token file cannot be read: %s", e);
      return Optional.of("the router cannot read its token");
    }
    byte[] given =
        header != null && header.startsWith(BEARER)
            ? header.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8)
            : new byte[0];
    return wanted.length > 0 && MessageDigest.isEqual(wanted, given)
        ? Optional.empty()
        : Optional.of("the token is not the router's: send Authorization: Bearer TOKEN");
  }

  private static void error(HttpServerRequest request, int status, String sentence) {
    answer(request, status, JSON_TYPE, JSON.createObjectNode().put("error", sentence).toString());
  }

  private static void answer(HttpServerRequest request, int status, String type, String text) {
    request.response().setStatusCode(status).putHeader("content-type", type).end(text);
  }
}
