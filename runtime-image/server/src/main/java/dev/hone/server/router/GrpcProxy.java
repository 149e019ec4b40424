package dev.hone.server.router;

import dev.hone.server.access.HealthQuestions;
import dev.hone.server.tracing.RequestSpan;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;

/**
 * Takes gRPC calls, chooses their version, and hands them on; one for each event loop. A call's
 * messages are read whole before they are sent on, its answers are passed on as they come, but
 * those of a call in the sample, which are read whole too.
 */
final class GrpcProxy implements Proxy {
  private static final String INFER = "/inference.GRPCInferenceService/ModelInfer";

  private final Vertx vertx;
  private final HttpClient client;
  private final ActiveRouting active;
  private final Shadow shadow;
  private final RouterSettings settings;
  private final RequestSpans spans;

  GrpcProxy(
      Vertx vertx,
      HttpClient client,
      ActiveRouting active,
      Shadow shadow,
      RouterSettings settings,
      RequestSpans spans) {
    this.shadow = shadow;
    this.vertx = vertx;
    this.client = client;
    this.active = active;
    this.settings = settings;
    this.spans = spans;
  }

  @Override
  public RequestSpan begin(HttpServerRequest request) {
    return spans.grpc(request);
  }

  @Override
  public void end(RequestSpan span, HttpServerResponse response) {
    RequestSpans.endGrpc(span, response);
  }

  @Override
  public boolean isHealth(HttpServerRequest request) {
    String path = request.path();
    return path != null && !path.isEmpty() && HealthQuestions.isCall(path.substring(1));
  }

  @Override
  public void refuse(HttpServerRequest request, String sentence) {
    GrpcStatus.UNAUTHENTICATED.send(request.response(), sentence);
  }

  @Override
  public void handle(HttpServerRequest request, RequestSpan span) {
    MultiMap headers = Headers.travelling(request.headers()).add("te", "trailers");
    BodyReader.read(request, settings.maxBody())
        .onSuccess(
            body -> {
              if (body.isPresent()) {
                route(request, headers, body.get(), span);
              } else {
                GrpcStatus.RESOURCE_EXHAUSTED.send(
                    request.response(),
                    "the message is larger than %d bytes: send a smaller one"
                        .formatted(settings.maxBody()));
              }
            });
  }

  /** Whether a call asks for an inference. */
  static boolean isInference(HttpServerRequest request) {
    return INFER.equals(request.path());
  }

  private void route(HttpServerRequest request, MultiMap headers, Buffer body, RequestSpan span) {
    Optional<ActiveRouting.State> state = active.get();
    if (state.isEmpty()) {
      GrpcStatus.UNAVAILABLE.send(request.response(), "the router has no configuration yet");
      return;
    }
    boolean counted = isInference(request);
    Routing routing = state.get().routing();
    Arm arm = counted ? RestProxy.choose(routing) : Arm.STABLE;
    boolean sampled = counted && RestProxy.samples(routing);
    if (sampled) {
      // An answer that will be compared must not be packed.
      headers.remove("grpc-accept-encoding");
    }
    VersionCall call =
        new VersionCall(
            request.method(),
            request.uri(),
            headers,
            body,
            // A call has a deadline of its own (grpc-timeout), and may be a watch without an end.
            counted ? routing.timeoutMillis() : 0,
            routing.serverName());
    Exchange.Kind kind =
        new Exchange.Kind(counted, sampled ? Optional.of(shadow) : Optional.empty(), span);
    new GrpcExchange(vertx, client, settings, state.get(), request, call, kind).start(arm);
  }
}
