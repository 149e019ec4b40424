package dev.hone.server.router;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.RequestOptions;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One gRPC call on its way. It can be repeated until the head of an answer has come. */
final class GrpcExchange {
  private final Vertx vertx;
  private final HttpClient client;
  private final RouterSettings settings;
  private final ActiveRouting.State state;
  private final HttpServerRequest request;
  private final VersionCall call;
  private final boolean counted;
  private @Nullable HttpClientRequest current;

  GrpcExchange(
      Vertx vertx,
      HttpClient client,
      RouterSettings settings,
      ActiveRouting.State state,
      HttpServerRequest request,
      VersionCall call,
      boolean counted) {
    this.vertx = vertx;
    this.client = client;
    this.settings = settings;
    this.state = state;
    this.request = request;
    this.call = call;
    this.counted = counted;
  }

  void start(Arm arm) {
    request.response().closeHandler(gone -> cancel());
    attempt(arm, new Tries(arm, settings.retryMillis()));
  }

  private void attempt(Arm arm, Tries tries) {
    if (request.response().closed()) {
      return;
    }
    long sent = System.nanoTime();
    open(arm)
        .onSuccess(answer -> opened(arm, answer, sent))
        .onFailure(failure -> failed(arm, tries, failure));
  }

  private Future<HttpClientResponse> open(Arm arm) {
    Backend backend = state.routing().backend(arm);
    RequestOptions options =
        new RequestOptions()
            .setHost(backend.grpc().getHost())
            .setPort(backend.grpc().getPort())
            .setMethod(call.method())
            .setURI(call.uri())
            .setHeaders(call.headers());
    if (call.timeoutMillis() > 0) {
      options.setTimeout(call.timeoutMillis());
    }
    return client
        .request(options)
        .compose(
            sending -> {
              current = sending;
              return sending.send(call.body());
            });
  }

  private void opened(Arm arm, HttpClientResponse answer, long sent) {
    String early = answer.getHeader(GrpcStatus.HEADER);
    if (arm == Arm.CANDIDATE && early != null && !GrpcStatus.OK.equals(early)) {
      // Whether the call is at fault or the candidate, the stable version's answer tells; an error
      // of the call itself is the same there.
      if (GrpcStatus.isServerError(answer.headers())) {
        state.statistics().arm(Arm.CANDIDATE).unanswered();
      }
      attempt(Arm.STABLE, new Tries(Arm.STABLE, settings.retryMillis()));
      return;
    }
    HttpServerResponse response = request.response();
    response.setStatusCode(answer.statusCode());
    response.headers().addAll(Headers.travelling(answer.headers()));
    response.putHeader("hone-version", arm.text());
    if (early != null) {
      count(arm, sent, GrpcStatus.isServerError(answer.headers()));
      response.end();
      return;
    }
    answer
        .pipe()
        .endOnSuccess(false)
        .endOnFailure(false)
        .to(response)
        .onSuccess(
            end -> {
              count(arm, sent, GrpcStatus.isServerError(answer.trailers()));
              response.trailers().addAll(answer.trailers());
              response.end();
            })
        .onFailure(
            failure -> {
              count(arm, sent, true);
              response.reset();
            });
  }

  private void count(Arm arm, long sent, boolean error) {
    if (counted) {
      state.statistics().arm(arm).answered(System.nanoTime() - sent, error);
    }
  }

  private void failed(Arm arm, Tries tries, Throwable failure) {
    if (request.response().closed()) {
      return;
    }
    OptionalLong pause = tries.next(failure);
    if (pause.isPresent()) {
      vertx.setTimer(pause.getAsLong(), timer -> attempt(arm, tries));
      return;
    }
    if (counted) {
      state.statistics().arm(arm).unanswered();
    }
    if (arm == Arm.CANDIDATE) {
      attempt(Arm.STABLE, new Tries(Arm.STABLE, settings.retryMillis()));
    } else if (Tries.isTimeout(failure)) {
      GrpcStatus.DEADLINE_EXCEEDED.send(
          request.response(), "no answer within %d ms".formatted(call.timeoutMillis()));
    } else {
      GrpcStatus.UNAVAILABLE.send(
          request.response(),
          "no connection to a server within %d ms: try again; the last failure: %s"
              .formatted(tries.elapsedMillis(), failure.getMessage()));
    }
  }

  private void cancel() {
    HttpClientRequest sending = current;
    if (sending != null && !request.response().ended()) {
      sending.reset();
    }
  }
}
