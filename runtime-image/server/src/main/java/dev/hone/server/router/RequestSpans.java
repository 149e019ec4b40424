package dev.hone.server.router;

import dev.hone.server.tracing.RequestSpan;
import dev.hone.server.tracing.Tracing;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** Begins a span for each inference request, and ends it as its answer ends. */
final class RequestSpans {
  private final Tracing tracing;

  RequestSpans(Tracing tracing) {
    this.tracing = tracing;
  }

  /** A request over HTTP has come. */
  RequestSpan rest(HttpServerRequest request) {
    if (!tracing.isOn() || !RestProxy.isInference(request)) {
      return RequestSpan.NONE;
    }
    return tracing.http(
        request.method().name(),
        request.path(),
        String.valueOf(request.scheme()),
        request::getHeader);
  }

  /** A call of gRPC has come. */
  RequestSpan grpc(HttpServerRequest request) {
    return tracing.isOn() && GrpcProxy.isInference(request)
        ? tracing.rpc("inference.GRPCInferenceService", "ModelInfer", request::getHeader)
        : RequestSpan.NONE;
  }

  /** A request over HTTP has its answer, or no client any more. */
  static void endRest(RequestSpan span, HttpServerResponse response) {
    if (response.ended()) {
      span.end(response.getStatusCode());
    } else {
      span.gone();
    }
  }

  /** A call of gRPC has its answer, or no client any more. */
  static void endGrpc(RequestSpan span, HttpServerResponse response) {
    if (response.ended()) {
      span.end(GrpcStatus.code(response.trailers(), response.headers()));
    } else {
      span.gone();
    }
  }
}
