package dev.hone.server.router;

import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * Takes gRPC calls, chooses their version, and hands them on; one for each event loop. A call's
 * messages are read whole before they are sent on, its answers are passed on as they come. Answers
 * of gRPC are not compared.
 */
final class GrpcProxy implements Handler<HttpServerRequest> {
  private static final String INFER = "/inference.GRPCInferenceService/ModelInfer";

  private final Vertx vertx;
  private final HttpClient client;
  private final ActiveRouting active;
  private final RouterSettings settings;

  GrpcProxy(Vertx vertx, HttpClient client, ActiveRouting active, RouterSettings settings) {
    this.vertx = vertx;
    this.client = client;
    this.active = active;
    this.settings = settings;
  }

  @Override
  public void handle(HttpServerRequest request) {
    MultiMap headers = Headers.travelling(request.headers()).add("te", "trailers");
    BodyReader.read(request, settings.maxBody())
        .onSuccess(
            body -> {
              if (body.isPresent()) {
                route(request, headers, body.get());
              } else {
                GrpcStatus.RESOURCE_EXHAUSTED.send(
                    request.response(),
                    "the message is larger than %d bytes: send a smaller one"
                        .formatted(settings.maxBody()));
              }
            });
  }

  private void route(HttpServerRequest request, MultiMap headers, Buffer body) {
    Optional<ActiveRouting.State> state = active.get();
    if (state.isEmpty()) {
      GrpcStatus.UNAVAILABLE.send(request.response(), "the router has no configuration yet");
      return;
    }
    boolean counted = INFER.equals(request.path());
    Arm arm = counted ? RestProxy.choose(state.get().routing()) : Arm.STABLE;
    VersionCall call =
        new VersionCall(
            request.method(),
            request.uri(),
            headers,
            body,
            // A call has a deadline of its own (grpc-timeout), and may be a watch without an end.
            counted ? state.get().routing().timeoutMillis() : 0);
    new GrpcExchange(vertx, client, settings, state.get(), request, call, counted).start(arm);
  }
}
