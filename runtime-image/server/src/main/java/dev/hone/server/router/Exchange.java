package dev.hone.server.router;

import dev.hone.server.tracing.AttemptSpan;
import dev.hone.server.tracing.RequestSpan;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way.
 *
 * <p>Inference changes nothing, so it can be repeated: where a connection is lost before the answer
 * is whole (a pod that leaves), and, with the stable version, where the candidate fails. Nothing is
 * sent to the client before the answer is there.
 */
final class Exchange {
  /**
   * What is done with it.
   *
   * @param counted whether it is an inference request
   * @param shadow who repeats it to the other version, if it is in the sample
   * @param span its trace
   */
  record Kind(boolean counted, Optional<Shadow> shadow, RequestSpan span) {}

  private final Vertx vertx;
  private final HttpClient client;
  private final ActiveRouting active;
  private final RouterSettings settings;
  private final ActiveRouting.State state;
  private final HttpServerRequest request;
  private final VersionCall call;
  private final Kind kind;
  private @Nullable HttpClientRequest current;

  /** What the candidate answered, or that it gave no answer, where the stable version steps in. */
  private boolean candidateFailed;

  private @Nullable VersionAnswer candidateAnswer;

  Exchange(
      Vertx vertx,
      HttpClient client,
      ActiveRouting active,
      RouterSettings settings,
      ActiveRouting.State state,
      HttpServerRequest request,
      Buffer body,
      Kind kind) {
    this.vertx = vertx;
    this.client = client;
    this.active = active;
    this.settings = settings;
    this.state = state;
    this.request = request;
    this.call =
        new VersionCall(
            request.method(),
            request.uri(),
            headers(request, kind),
            body,
            state.routing().timeoutMillis(),
            state.routing().serverName());
    this.kind = kind;
  }

  private static MultiMap headers(HttpServerRequest request, Kind kind) {
    MultiMap headers = Headers.travelling(request.headers());
    // An answer that will be compared must not be packed.
    return kind.shadow().isPresent() ? headers.remove("accept-encoding") : headers;
  }

  void start(Arm arm) {
    request.response().closeHandler(gone -> cancel());
    attempt(arm, tries(arm));
  }

  private Tries tries(Arm arm) {
    return new Tries(arm, settings.retryMillis());
  }

  private void attempt(Arm arm, Tries tries) {
    if (request.response().closed()) {
      return;
    }
    long sent = System.nanoTime();
    URI address = state.routing().backend(arm).rest();
    AttemptSpan span = kind.span().attempt(address, arm.text(), tries.number());
    call.traced(span.headers())
        .send(client, address, sending -> current = sending)
        .onSuccess(
            answer -> {
              span.answered(answer.status());
              answered(arm, answer, System.nanoTime() - sent);
            })
        .onFailure(
            failure -> {
              span.failed(failure);
              failed(arm, tries, failure);
            });
  }

  private void answered(Arm arm, VersionAnswer answer, long nanos) {
    if (arm == Arm.CANDIDATE && !answer.isGood()) {
      // Whether the request is at fault or the candidate, the stable version's answer tells.
      candidateFailed = true;
      candidateAnswer = answer;
      attempt(Arm.STABLE, tries(Arm.STABLE));
      return;
    }
    if (kind.counted()) {
      state.statistics().arm(arm).answered(nanos, answer.isServerError());
    }
    settleCandidate(answer);
    kind.span().version(arm.text());
    Replies.forward(request, active, arm, answer)
        .onSuccess(
            sent ->
                kind.shadow()
                    .filter(shadow -> !candidateFailed)
                    .ifPresent(
                        shadow ->
                            shadow.repeat(
                                state, arm, answer, backend -> copy(backend, arm.other()))));
  }

  private Future<VersionAnswer> copy(Backend backend, Arm arm) {
    AttemptSpan span = kind.span().copy(backend.rest(), arm.text());
    return call.traced(span.headers())
        .send(client, backend.rest(), sending -> {})
        .onSuccess(answer -> span.answered(answer.status()))
        .onFailure(span::failed);
  }

  /** Counts what the candidate did, once the stable version's answer says whose fault it was. */
  private void settleCandidate(@Nullable VersionAnswer stable) {
    if (!candidateFailed || !kind.counted()) {
      return;
    }
    VersionAnswer answer = candidateAnswer;
    boolean good = stable != null && stable.isGood();
    boolean fault = answer == null || answer.isServerError() || good;
    if (fault) {
      state.statistics().arm(Arm.CANDIDATE).unanswered();
      if (good) {
        state.statistics().rescue();
      }
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
    if (arm == Arm.CANDIDATE) {
      candidateFailed = true;
      attempt(Arm.STABLE, tries(Arm.STABLE));
      return;
    }
    if (kind.counted()) {
      state.statistics().arm(Arm.STABLE).unanswered();
    }
    settleCandidate(null);
    boolean timeout = Tries.isTimeout(failure);
    String sentence = sentence(timeout, call, tries, failure);
    kind.span().failure(sentence);
    Replies.error(request, active, timeout ? 504 : 503, sentence);
  }

  private static String sentence(
      boolean timeout, VersionCall call, Tries tries, Throwable failure) {
    return timeout
        ? "no answer within %d ms".formatted(call.timeoutMillis())
        : "no connection to a server within %d ms: try again; the last failure: %s"
            .formatted(tries.elapsedMillis(), Tries.words(failure));
  }

  /** The client has gone: what it asked for need not be computed. */
  private void cancel() {
    HttpClientRequest sending = current;
    if (sending != null && !request.response().ended()) {
      sending.reset();
    }
  }
}
