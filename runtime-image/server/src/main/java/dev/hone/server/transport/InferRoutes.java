package dev.hone.server.transport;

import dev.hone.server.config.ServerConfig;
import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.ResponseBody;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import dev.hone.server.tracing.RequestSpan;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The inference routes. */
@ApplicationScoped
public class InferRoutes {
  private static final Logger LOG = Logger.getLogger(InferRoutes.class);

  /**
   * Larger bodies are read off the event loop, and so is what unpacks to much, so that they cannot
   * hold up the small ones.
   */
  private static final int INLINE_BYTES = 4096;

  /** What access logs call a request whose client has gone; never sent. */
  private static final int CLIENT_GONE = 499;

  private final ModelRegistry registry;
  private final Answers answers;
  private final InferenceTraces traces;
  private final ServerConfig config;
  private final RequestBody bodies;

  /** Serves that registry's models. */
  public InferRoutes(
      ModelRegistry registry, Answers answers, InferenceTraces traces, ServerConfig config) {
    this.registry = registry;
    this.answers = answers;
    this.traces = traces;
    this.config = config;
    this.bodies = new RequestBody(config);
  }

  void register(@Observes Router router) {
    BodyHandler body = BodyHandler.create(false).setBodyLimit(config.maxBody().asLongValue());
    router.post("/v2/models/:model/infer").handler(body).handler(this::infer);
    router.post("/v2/models/:model/versions/:version/infer").handler(body).handler(this::infer);
  }

  private void infer(RoutingContext context) {
    long started = System.nanoTime();
    ServedModel model = registry.find(context.pathParam("model"), context.pathParam("version"));
    RequestSpan span = traces.of(context);
    span.model(model.name(), model.version());
    Buffer body = context.body().buffer();
    Context loop = context.vertx().getOrCreateContext();
    if (body == null
        || (body.length() <= INLINE_BYTES
            && !model.slowToRead()
            && !RequestBody.compressed(context.request().headers()))) {
      start(context, model, body, loop, started, span);
    } else {
      context
          .vertx()
          .executeBlocking(
              () -> {
                start(context, model, body, loop, started, span);
                return null;
              },
              false)
          .onFailure(failure -> fail(context, model, failure, started, span));
    }
  }

  private void start(
      RoutingContext context,
      ServedModel model,
      @Nullable Buffer body,
      Context loop,
      long started,
      RequestSpan span) {
    try {
      InferenceRequest request = bodies.read(context.request().headers(), body, model);
      Deadline deadline =
          request.timeout().map(timeout -> Deadline.at(started, timeout)).orElse(Deadline.NONE);
      if (span.isRecording()) {
        span.decoded(started, System.nanoTime());
      }
      CompletableFuture<InferenceResponse> answer = model.infer(request, deadline, span);
      loop.runOnContext(ready -> context.response().closeHandler(closed -> answer.cancel(false)));
      answer.whenComplete(
          (response, failure) ->
              loop.runOnContext(
                  ready -> finish(context, model, request, response, failure, started, span)));
    } catch (RuntimeException e) {
      loop.runOnContext(ready -> fail(context, model, e, started, span));
    }
  }

  private void finish(
      RoutingContext context,
      ServedModel model,
      InferenceRequest request,
      @Nullable InferenceResponse response,
      @Nullable Throwable failure,
      long started,
      RequestSpan span) {
    if (response == null) {
      fail(
          context,
          model,
          failure == null ? new IllegalStateException("no answer") : failure,
          started,
          span);
      return;
    }
    try {
      long computed = span.isRecording() ? System.nanoTime() : 0;
      ResponseBody body = answers.json().response(response, request::binary);
      if (span.isRecording()) {
        span.encoded(computed, System.nanoTime());
      }
      answers.send(context, body);
      model.countSuccess(System.nanoTime() - started);
    } catch (RuntimeException e) {
      fail(context, model, e, started, span);
    }
  }

  private void fail(
      RoutingContext context,
      ServedModel model,
      Throwable failure,
      long started,
      RequestSpan span) {
    long nanos = System.nanoTime() - started;
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (context.response().closed()) {
      model.countFailure(CLIENT_GONE, nanos);
      span.gone();
    } else if (cause instanceof ProtocolException refused) {
      model.countFailure(refused.status(), nanos);
      span.failure(refused.sentence());
      answers.refuse(context, refused);
    } else {
      LOG.error("an inference request failed", cause);
      model.countFailure(500, nanos);
      span.failure(String.valueOf(cause));
      answers.error(context, 500, "the server failed on this request: " + cause);
    }
  }
}
