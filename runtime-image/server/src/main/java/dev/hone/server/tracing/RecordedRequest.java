package dev.hone.server.tracing;

import static io.opentelemetry.api.common.AttributeKey.booleanKey;
import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The span of a request. What it went through is noted while it lasts and made into spans at its
 * end, so that the thread of the model only writes down numbers.
 */
final class RecordedRequest implements RequestSpan {
  /** Of requests that are repeated to another version, whose answer no client gets. */
  static final AttributeKey<Boolean> SHADOW = booleanKey("hone.shadow");

  static final AttributeKey<String> VERSION = stringKey("hone.version");
  static final AttributeKey<String> ERROR = stringKey("error.type");
  private static final AttributeKey<String> MODEL = stringKey("hone.model.name");
  private static final AttributeKey<String> MODEL_VERSION = stringKey("hone.model.version");
  private static final AttributeKey<Long> ROWS = longKey("hone.request.rows");
  private static final AttributeKey<Long> BATCH_ROWS = longKey("hone.batch.rows");
  private static final AttributeKey<Long> BATCH_REQUESTS = longKey("hone.batch.requests");
  private static final AttributeKey<Long> RESENDS = longKey("http.request.resend_count");
  private static final AttributeKey<Boolean> GONE = booleanKey("hone.client.gone");

  private final OpenTelemetryTracing tracing;
  private final Protocol protocol;
  private final String path;
  private final Times times = new Times();
  private final Context caller;
  private final Span span;
  private final Context context;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile String failure = "";
  private volatile @Nullable Stage decoded;
  private volatile @Nullable Stage waited;
  private volatile @Nullable Run run;
  private volatile @Nullable Stage encoded;

  /**
   * Begins it.
   *
   * @param path where versions of the model are asked for the same
   * @param caller what it is part of
   */
  RecordedRequest(
      OpenTelemetryTracing tracing,
      Protocol protocol,
      String path,
      Context caller,
      SpanBuilder span) {
    this.tracing = tracing;
    this.protocol = protocol;
    this.path = path;
    this.caller = caller;
    this.span =
        span.setParent(caller).setStartTimestamp(times.begun(), TimeUnit.NANOSECONDS).startSpan();
    this.context = this.span.storeInContext(caller);
  }

  @Override
  public boolean isRecording() {
    return span.isRecording();
  }

  @Override
  public void model(String name, String version) {
    span.setAttribute(MODEL, name).setAttribute(MODEL_VERSION, version);
  }

  @Override
  public void rows(int rows) {
    span.setAttribute(ROWS, (long) rows);
  }

  @Override
  public void decoded(long since, long until) {
    decoded = new Stage(since, until);
  }

  @Override
  public void waited(long since, long until) {
    waited = new Stage(since, until);
  }

  @Override
  public void computed(Run run) {
    this.run = run;
  }

  @Override
  public void encoded(long since, long until) {
    encoded = new Stage(since, until);
  }

  @Override
  public void version(String version) {
    span.setAttribute(VERSION, version);
  }

  @Override
  public void failure(String sentence) {
    failure = sentence;
  }

  @Override
  public AttemptSpan attempt(URI address, String version, int number) {
    SpanBuilder attempt = client(address, version).setParent(context);
    if (number > 1) {
      attempt.setAttribute(RESENDS, number - 1L);
    }
    return new RecordedAttempt(tracing, protocol, context, attempt.startSpan());
  }

  @Override
  public AttemptSpan copy(URI address, String version) {
    if (!span.getSpanContext().isSampled()) {
      // The version is told not to sample it either.
      return new RecordedAttempt(tracing, protocol, caller, span);
    }
    Context apart = Context.root().with(CopySampler.IS_COPY, true);
    Span copy =
        client(address, version)
            .setParent(apart)
            .setAttribute(SHADOW, true)
            .addLink(span.getSpanContext())
            .startSpan();
    return new RecordedAttempt(tracing, protocol, apart, copy);
  }

  private SpanBuilder client(URI address, String version) {
    return switch (protocol) {
      case HTTP ->
          located(tracing.span("POST", SpanKind.CLIENT), address, version)
              .setAttribute("http.request.method", "POST")
              .setAttribute("url.full", address + path);
      case GRPC -> {
        int method = path.lastIndexOf('/');
        yield located(tracing.span(path.substring(1), SpanKind.CLIENT), address, version)
            .setAttribute("rpc.system", "grpc")
            .setAttribute("rpc.service", path.substring(1, method))
            .setAttribute("rpc.method", path.substring(method + 1));
      }
    };
  }

  private static SpanBuilder located(SpanBuilder span, URI address, String version) {
    return span.setAttribute("server.address", address.getHost())
        .setAttribute("server.port", address.getPort())
        .setAttribute(VERSION, version);
  }

  @Override
  public void end(int status) {
    if (ended.getAndSet(true)) {
      return;
    }
    span.setAttribute(protocol.status(), (long) status);
    if (protocol.isServerError(status)) {
      span.setAttribute(ERROR, Integer.toString(status)).setStatus(StatusCode.ERROR, failure);
    }
    finish();
  }

  @Override
  public void gone() {
    if (!ended.getAndSet(true)) {
      // Nobody's fault: a status is only given to what was answered.
      span.setAttribute(GONE, true);
      finish();
    }
  }

  private void finish() {
    if (span.isRecording()) {
      add("decode", decoded);
      add("queue", waited);
      add(run);
      add("encode", encoded);
    }
    span.end(times.now(), TimeUnit.NANOSECONDS);
  }

  private void add(String name, @Nullable Stage stage) {
    if (stage != null) {
      begin(name, stage.since()).end(times.at(stage.until()), TimeUnit.NANOSECONDS);
    }
  }

  private void add(@Nullable Run run) {
    if (run != null) {
      begin("compute", run.started())
          .setAttribute(BATCH_ROWS, (long) run.rows())
          .setAttribute(BATCH_REQUESTS, (long) run.requests())
          .addEvent("compute_input_end", times.at(run.joined()), TimeUnit.NANOSECONDS)
          .addEvent("compute_output_start", times.at(run.computed()), TimeUnit.NANOSECONDS)
          .end(times.at(run.parted()), TimeUnit.NANOSECONDS);
    }
  }

  private Span begin(String name, long since) {
    return tracing
        .span(name, SpanKind.INTERNAL)
        .setParent(context)
        .setStartTimestamp(times.at(since), TimeUnit.NANOSECONDS)
        .startSpan();
  }

  private record Stage(long since, long until) {}
}
