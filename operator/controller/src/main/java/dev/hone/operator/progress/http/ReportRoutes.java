package dev.hone.operator.progress.http;

import dev.hone.api.Names;
import dev.hone.operator.metrics.ReportMetrics;
import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import dev.hone.operator.progress.ReportService;
import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.progress.RunKind;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The paths of the report endpoint. Handlers wait for the API server in threads of their own. */
final class ReportRoutes {
  static final int PROGRESS_LIMIT = 16 * 1024;
  static final int RESULT_LIMIT = 256 * 1024;

  private static final Logger LOG = Logger.getLogger(ReportRoutes.class);
  private static final String BASE = "/v1/namespaces/:namespace/:plural/:name/";
  private static final String BEARER = "Bearer ";
  private static final String STARTED = "hone.started";
  private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

  private final ReportService service;
  private final ReportMetrics metrics;
  private final Admission admission;
  private final Executor threads = Executors.newVirtualThreadPerTaskExecutor();

  ReportRoutes(ReportService service, ReportMetrics metrics, Admission admission) {
    this.service = service;
    this.metrics = metrics;
    this.admission = admission;
  }

  /** Handles one kind of report. */
  private interface Action {
    int apply(ResourceKey key, String token, byte[] body) throws ReportRefusedException;
  }

  Router router(Vertx vertx) {
    Router router = Router.router(vertx);
    add(router, "progress", PROGRESS_LIMIT, service::progress);
    add(router, "result", RESULT_LIMIT, service::result);
    router
        .route()
        .handler(
            context ->
                refuse(
                    context,
                    "unknown",
                    new ReportRefusedException(
                        Refusal.NOT_FOUND,
                        "There is nothing here; POST to"
                            + " /v1/namespaces/NAMESPACE/PLURAL/NAME/progress or …/result.")));
    return router;
  }

  private void add(Router router, String report, int limit, Action action) {
    String path = BASE + report;
    router
        .post(path)
        .handler(context -> context.put(STARTED, System.nanoTime()).next())
        .handler(context -> checkHead(context, report))
        .failureHandler(context -> failed(context, report, limit));
    // A route of its own: within one, Vert.x lets nothing stand before the body's handler.
    router
        .post(path)
        .handler(BodyHandler.create(false).setBodyLimit(limit))
        .handler(context -> dispatch(context, report, action))
        .failureHandler(context -> failed(context, report, limit));
    router
        .route(path)
        .handler(
            context -> {
              context.response().putHeader("Allow", HttpMethod.POST.name());
              refuse(
                  context,
                  report,
                  new ReportRefusedException(
                      Refusal.METHOD_NOT_ALLOWED, "Send reports with POST."));
            });
  }

  /** Whoever has no token cannot make the operator read a body. */
  private void checkHead(RoutingContext context, String report) {
    try {
      admission.requireOpen();
      token(context);
      key(context);
      context.next();
    } catch (ReportRefusedException e) {
      context.response().putHeader("Connection", "close");
      refuse(context, report, e);
    }
  }

  private void dispatch(RoutingContext context, String report, Action action) {
    byte[] body =
        context.body().buffer() == null ? new byte[0] : context.body().buffer().getBytes();
    try {
      ResourceKey key = key(context);
      String token = token(context);
      admission.enter();
      Context eventLoop = context.vertx().getOrCreateContext();
      threads.execute(
          () -> handle(context, eventLoop, report, () -> action.apply(key, token, body)));
    } catch (ReportRefusedException e) {
      refuse(context, report, e);
    }
  }

  /** The blocking part of a request. */
  private interface Handling {
    int run() throws ReportRefusedException;
  }

  private void handle(RoutingContext context, Context eventLoop, String report, Handling handling) {
    Answer answer;
    try {
      answer = Answer.taken(handling.run());
      metrics.received(report, elapsed(context));
    } catch (ReportRefusedException e) {
      answer = refused(context, report, e);
    } catch (RuntimeException e) {
      LOG.error("A report met an error of the operator", e);
      answer = internalError();
    }
    Answer reply = answer;
    eventLoop.runOnContext(
        _ -> {
          try {
            reply.send(context.response());
          } finally {
            admission.leave();
          }
        });
  }

  private void failed(RoutingContext context, String report, int limit) {
    if (context.statusCode() == Refusal.TOO_LARGE.status()) {
      context.response().putHeader("Connection", "close");
      refuse(
          context,
          report,
          new ReportRefusedException(
              Refusal.TOO_LARGE,
              "The body is too large; a %s report has at most %d bytes.".formatted(report, limit)));
      return;
    }
    LOG.error("A report met an error of the operator", context.failure());
    internalError().send(context.response());
  }

  private void refuse(RoutingContext context, String report, ReportRefusedException e) {
    refused(context, report, e).send(context.response());
  }

  private Answer refused(RoutingContext context, String report, ReportRefusedException e) {
    LOG.debugf("Refused %s: %s", context.normalizedPath(), e.sentence());
    metrics.rejected(report, e.reason().label(), elapsed(context));
    return Answer.refused(e);
  }

  private static Answer internalError() {
    return Answer.refused(
        Refusal.INTERNAL_ERROR, "The operator met an error, which its log tells about.");
  }

  private static Duration elapsed(RoutingContext context) {
    Long started = context.get(STARTED);
    return started == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - started);
  }

  private static String token(RoutingContext context) throws ReportRefusedException {
    String header = context.request().getHeader("Authorization");
    if (header == null || !header.startsWith(BEARER) || header.length() == BEARER.length()) {
      throw new ReportRefusedException(
          Refusal.TOKEN_MISSING,
          "Send the pod's projected token in the header \"Authorization: Bearer TOKEN\".");
    }
    return header.substring(BEARER.length());
  }

  private static ResourceKey key(RoutingContext context) throws ReportRefusedException {
    String plural = context.pathParam("plural");
    String namespace = context.pathParam("namespace");
    String name = context.pathParam("name");
    @Nullable RunKind kind = RunKind.ofPlural(plural).orElse(null);
    if (kind == null
        || !NAMESPACE.matcher(namespace).matches()
        || !Names.NAME_PATTERN.matcher(name).matches()) {
      throw new ReportRefusedException(
          Refusal.NOT_FOUND,
          "No such resource can exist; PLURAL is finetunejobs or compressionjobs.");
    }
    return new ResourceKey(kind, namespace, name);
  }
}
