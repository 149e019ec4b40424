package dev.hone.server.router;

import dev.hone.server.tracing.AttemptSpan;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.URI;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One gRPC call on its way. It can be repeated until the head of an answer has come. */
final class GrpcExchange {
  private static final Buffer NOTHING = Buffer.buffer();

  private final Vertx vertx;
  private final HttpClient client;
  private final RouterSettings settings;
  private final ActiveRouting.State state;
  private final HttpServerRequest request;
  private final VersionCall call;
  private final Exchange.Kind kind;
  private @Nullable HttpClientRequest current;

  /** Whether the stable version answers because the candidate did not. */
  private boolean candidateFailed;

  GrpcExchange(
      Vertx vertx,
      HttpClient client,
      RouterSettings settings,
      ActiveRouting.State state,
      HttpServerRequest request,
      VersionCall call,
      Exchange.Kind kind) {
    this.vertx = vertx;
    this.client = client;
    this.settings = settings;
    this.state = state;
    this.request = request;
    this.call = call;
    this.kind = kind;
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
    URI address = state.routing().backend(arm).grpc();
    AttemptSpan span = kind.span().attempt(address, arm.text(), tries.number());
    call.traced(span.headers())
        .open(client, address, sending -> current = sending)
        .onSuccess(answer -> opened(arm, answer, sent, span))
        .onFailure(
            failure -> {
              span.failed(failure);
              failed(arm, tries, failure);
            });
  }

  private void opened(Arm arm, HttpClientResponse answer, long sent, AttemptSpan span) {
    String early = answer.getHeader(GrpcStatus.HEADER);
    if (early != null) {
      span.answered(code(answer.headers()));
    }
    if (arm == Arm.CANDIDATE && early != null && !GrpcStatus.OK.equals(early)) {
      // Whether the call is at fault or the candidate, the stable version's answer tells; an error
      // of the call itself is the same there.
      if (GrpcStatus.isServerError(answer.headers())) {
        state.statistics().arm(Arm.CANDIDATE).unanswered();
      }
      candidateFailed = true;
      attempt(Arm.STABLE, new Tries(Arm.STABLE, settings.retryMillis()));
      return;
    }
    HttpServerResponse response = request.response();
    response.setStatusCode(answer.statusCode());
    response.headers().addAll(Headers.travelling(answer.headers()));
    response.putHeader("hone-version", arm.text());
    kind.span().version(arm.text());
    if (early != null) {
      count(arm, sent, GrpcStatus.isServerError(answer.headers()));
      response.end().onSuccess(gone -> repeat(arm, new GrpcAnswer(answer.headers(), NOTHING)));
      return;
    }
    if (kind.shadow().isPresent()) {
      GrpcAnswer.of(answer)
          .onSuccess(whole -> whole(arm, whole, sent, span))
          .onFailure(failure -> cut(arm, sent, span, failure));
      return;
    }
    answer
        .pipe()
        .endOnSuccess(false)
        .endOnFailure(false)
        .to(response)
        .onSuccess(
            end -> {
              span.answered(code(answer.trailers()));
              count(arm, sent, GrpcStatus.isServerError(answer.trailers()));
              response.trailers().addAll(answer.trailers());
              response.end();
            })
        .onFailure(failure -> cut(arm, sent, span, failure));
  }

  private static int code(MultiMap end) {
    return GrpcStatus.code(end, end);
  }

  private void whole(Arm arm, GrpcAnswer answer, long sent, AttemptSpan span) {
    span.answered(code(answer.end()));
    count(arm, sent, answer.isServerError());
    request.response().trailers().addAll(answer.end());
    request.response().end(answer.body()).onSuccess(gone -> repeat(arm, answer));
  }

  private void cut(Arm arm, long sent, AttemptSpan span, Throwable failure) {
    span.failed(failure);
    count(arm, sent, true);
    request.response().reset();
  }

  /** Repeats a call in the sample, unless the other version has failed it before. */
  private void repeat(Arm arm, GrpcAnswer answer) {
    kind.shadow()
        .filter(shadow -> !candidateFailed)
        .ifPresent(
            shadow -> shadow.repeat(state, arm, answer, backend -> copy(backend, arm.other())));
  }

  private Future<GrpcAnswer> copy(Backend backend, Arm arm) {
    AttemptSpan span = kind.span().copy(backend.grpc(), arm.text());
    return call.traced(span.headers())
        .open(client, backend.grpc(), sending -> {})
        .compose(GrpcAnswer::of)
        .onSuccess(answer -> span.answered(code(answer.end())))
        .onFailure(span::failed);
  }

  private void count(Arm arm, long sent, boolean error) {
    if (kind.counted()) {
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
    if (kind.counted()) {
      state.statistics().arm(arm).unanswered();
    }
    if (arm == Arm.CANDIDATE) {
      candidateFailed = true;
      attempt(Arm.STABLE, new Tries(Arm.STABLE, settings.retryMillis()));
    } else if (Tries.isTimeout(failure)) {
      GrpcStatus.DEADLINE_EXCEEDED.send(
          request.response(), "no answer within %d ms".formatted(call.timeoutMillis()));
    } else {
      GrpcStatus.UNAVAILABLE.send(
          request.response(),
          "no connection to a server within %d ms: try again; the last failure: %s"
              .formatted(tries.elapsedMillis(), Tries.words(failure)));
    }
  }

  private void cancel() {
    HttpClientRequest sending = current;
    if (sending != null && !request.response().ended()) {
      sending.reset();
    }
  }
}
