package dev.hone.server.router;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Takes requests, chooses their version, and hands them on. One for each event loop. */
final class RestProxy implements Handler<HttpServerRequest> {
  private static final String INFER = "/infer";

  private final Vertx vertx;
  private final HttpClient client;
  private final ActiveRouting active;
  private final Shadow shadow;
  private final RouterSettings settings;

  RestProxy(
      Vertx vertx,
      HttpClient client,
      ActiveRouting active,
      Shadow shadow,
      RouterSettings settings) {
    this.vertx = vertx;
    this.client = client;
    this.active = active;
    this.shadow = shadow;
    this.settings = settings;
  }

  @Override
  public void handle(HttpServerRequest request) {
    BodyReader.read(request, settings.maxBody())
        .onSuccess(
            body -> {
              if (body.isPresent()) {
                route(request, body.get());
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

  private void route(HttpServerRequest request, Buffer body) {
    Optional<ActiveRouting.State> state = active.get();
    if (state.isEmpty()) {
      Replies.error(request, active, 503, "the router has no configuration yet");
      return;
    }
    boolean inference = HttpMethod.POST.equals(request.method()) && request.path().endsWith(INFER);
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
            new Exchange.Kind(inference, sampled ? Optional.of(shadow) : Optional.empty()))
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
