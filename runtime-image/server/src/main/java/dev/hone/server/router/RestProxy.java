package dev.hone.server.router;

import dev.hone.server.access.HealthQuestions;
import dev.hone.server.tracing.RequestSpan;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Takes requests, chooses their version, and hands them on. One for each event loop. */
final class RestProxy implements Proxy {
  private static final String INFER = "/infer";

  private final Vertx vertx;
  private final HttpClient client;
  private final ActiveRouting active;
  private final Shadow shadow;
  private final RouterSettings settings;
  private final RequestSpans spans;

  RestProxy(
      Vertx vertx,
      HttpClient client,
      ActiveRouting active,
      Shadow shadow,
      RouterSettings settings,
      RequestSpans spans) {
    this.vertx = vertx;
    this.client = client;
    this.active = active;
    this.shadow = shadow;
    this.settings = settings;
    this.spans = spans;
  }

  @Override
  public RequestSpan begin(HttpServerRequest request) {
    return spans.rest(request);
  }

  @Override
  public void end(RequestSpan span, HttpServerResponse response) {
    RequestSpans.endRest(span, response);
  }

  @Override
  public boolean isHealth(HttpServerRequest request) {
    return HealthQuestions.isPath(request.path());
  }

  @Override
  public void refuse(HttpServerRequest request, String sentence) {
    request.response().putHeader("WWW-Authenticate", "Bearer");
    Replies.error(request, active, 401, sentence);
  }

  @Override
  public void handle(HttpServerRequest request, RequestSpan span) {
    BodyReader.read(request, settings.maxBody())
        .onSuccess(
            body -> {
              if (body.isPresent()) {
                route(request, body.get(), span);
              } else {
                Replies.error(
                    request,
                    active,
                    413,
                    "the body is larger than %d bytes: send a smaller one"
                        .formatted(settings.maxBody()));
              }
            });
  }

  /** Whether a request asks for an inference. */
  static boolean isInference(HttpServerRequest request) {
    return HttpMethod.POST.equals(request.method()) && request.path().endsWith(INFER);
  }

  private void route(HttpServerRequest request, Buffer body, RequestSpan span) {
    Optional<ActiveRouting.State> state = active.get();
    if (state.isEmpty()) {
      Replies.error(request, active, 503, "the router has no configuration yet");
      return;
    }
    boolean inference = isInference(request);
    Routing routing = state.get().routing();
    Arm arm = inference ? choose(routing) : Arm.STABLE;
    boolean sampled = inference && samples(routing);
    new Exchange(
            vertx,
            client,
            active,
            settings,
            state.get(),
            request,
            body,
            new Exchange.Kind(inference, sampled ? Optional.of(shadow) : Optional.empty(), span))
        .start(arm);
  }

  /** Whether a request is one of those that are repeated. */
  static boolean samples(Routing routing) {
    return routing.shadowShare() > 0
        && ThreadLocalRandom.current().nextDouble() < routing.shadowShare();
  }

  /** The version that a request goes to. */
  static Arm choose(Routing routing) {
    return routing.candidate() != null
            && ThreadLocalRandom.current().nextInt(100) < routing.weight()
        ? Arm.CANDIDATE
        : Arm.STABLE;
  }
}
