package dev.hone.server.transport;

import dev.hone.server.tracing.RequestSpan;
import dev.hone.server.tracing.Tracing;
import io.vertx.core.AsyncResult;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;

/** Begins the span of an inference request before its body is read, and ends it with its answer. */
@ApplicationScoped
public class InferenceTraces {
  private static final String KEY = "hone-trace";
  private static final List<String> ROUTES =
      List.of("/v2/models/:model/infer", "/v2/models/:model/versions/:version/infer");

  private final Tracing tracing;

  /** Traces by that. */
  public InferenceTraces(Tracing tracing) {
    this.tracing = tracing;
  }

  void register(@Observes Router router) {
    if (tracing.isOn()) {
      for (String route : ROUTES) {
        // Behind the check of keys: who has none fills nobody's traces.
        router.post(route).order(Integer.MIN_VALUE + 3).handler(this::begin);
      }
    }
  }

  private void begin(RoutingContext context) {
    RequestSpan span =
        tracing.http(
            context.request().method().name(),
            context.request().path(),
            String.valueOf(context.request().scheme()),
            context.request()::getHeader);
    context.put(KEY, span);
    context.addEndHandler(done -> end(context, span, done));
    context.next();
  }

  private static void end(RoutingContext context, RequestSpan span, AsyncResult<Void> done) {
    if (done.succeeded()) {
      span.end(context.response().getStatusCode());
    } else {
      span.gone();
    }
  }

  /** The span of a request that has passed here. */
  RequestSpan of(RoutingContext context) {
    return tracing.isOn() ? context.get(KEY, RequestSpan.NONE) : RequestSpan.NONE;
  }
}
