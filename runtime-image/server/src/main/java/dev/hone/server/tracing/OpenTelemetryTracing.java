package dev.hone.server.tracing;

import static io.opentelemetry.api.common.AttributeKey.stringKey;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.opentelemetry.sdk.resources.Resource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Traces by OpenTelemetry's SDK, which batches spans and sends them in a thread of its own. */
final class OpenTelemetryTracing implements Tracing {
  private static final Logger LOG = Logger.getLogger(OpenTelemetryTracing.class);

  /** Of what the grace period of a pod has left when everything is answered. */
  private static final long FLUSH_SECONDS = 5;

  private static final AttributeKey<String> SERVICE_NAME = stringKey("service.name");
  private static final String NO_NAME = "unknown_service:java";

  private static final Pattern OF_A_VERSION =
      Pattern.compile("/v2/models/[^/]+/versions/[^/]+/infer/?");

  private static final TextMapGetter<Incoming> HEADERS =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Incoming headers) {
          // Asked for by formats with names that nobody knows beforehand, which none here has.
          return List.of();
        }

        @Override
        public @Nullable String get(@Nullable Incoming headers, String name) {
          return Objects.requireNonNull(headers).header(name);
        }
      };

  private final OpenTelemetrySdk sdk;
  private final Tracer tracer;
  private final TextMapPropagator propagator;

  private OpenTelemetryTracing(OpenTelemetrySdk sdk) {
    this.sdk = sdk;
    this.tracer = sdk.getTracer("dev.hone.server");
    this.propagator = sdk.getPropagators().getTextMapPropagator();
  }

  /** Starts as the variables say; without traces if they are wrong. */
  static Tracing start(Map<String, String> environment, String service) {
    try {
      AutoConfiguredOpenTelemetrySdk configured =
          AutoConfiguredOpenTelemetrySdk.builder()
              .addPropertiesSupplier(() -> TraceVariables.properties(environment))
              // Metrics are fetched and logs are written to the console.
              .addPropertiesCustomizer(
                  given -> Map.of("otel.metrics.exporter", "none", "otel.logs.exporter", "none"))
              .addResourceCustomizer((resource, given) -> named(resource, service))
              .addSamplerCustomizer((sampler, given) -> new CopySampler(sampler))
              // It would flush while requests are still being answered.
              .disableShutdownHook()
              .build();
      LOG.infof("traces go to a collector as service %s", configuredName(environment, service));
      return new OpenTelemetryTracing(configured.getOpenTelemetrySdk());
    } catch (ConfigurationException | IllegalArgumentException | IllegalStateException e) {
      LOG.errorf("nothing is traced, for a variable OTEL_… is wrong: %s", reason(e));
      return OFF;
    }
  }

  private static String configuredName(Map<String, String> environment, String service) {
    return environment.getOrDefault("OTEL_SERVICE_NAME", service);
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause == null
        ? String.valueOf(failure.getMessage())
        : failure.getMessage() + ": " + cause;
  }

  private static Resource named(Resource resource, String service) {
    return NO_NAME.equals(resource.getAttribute(SERVICE_NAME))
        ? resource.toBuilder().put(SERVICE_NAME, service).build()
        : resource;
  }

  @Override
  public boolean isOn() {
    return true;
  }

  @Override
  public RequestSpan http(String method, String path, String scheme, Incoming headers) {
    String route = route(path);
    return begin(
        Protocol.HTTP,
        path,
        headers,
        span(method + " " + route, SpanKind.SERVER)
            .setAttribute("http.request.method", method)
            .setAttribute("http.route", route)
            .setAttribute("url.path", path)
            .setAttribute("url.scheme", scheme));
  }

  /** The path with names in place of values, of which nobody could count the requests. */
  private static String route(String path) {
    return OF_A_VERSION.matcher(path).matches()
        ? "/v2/models/{model}/versions/{version}/infer"
        : "/v2/models/{model}/infer";
  }

  @Override
  public RequestSpan rpc(String service, String method, Incoming headers) {
    String path = service + "/" + method;
    return begin(
        Protocol.GRPC,
        "/" + path,
        headers,
        span(path, SpanKind.SERVER)
            .setAttribute("rpc.system", "grpc")
            .setAttribute("rpc.service", service)
            .setAttribute("rpc.method", method));
  }

  private RequestSpan begin(Protocol protocol, String path, Incoming headers, SpanBuilder span) {
    Context caller = propagator.extract(Context.root(), headers, HEADERS);
    if (CopySampler.marks(Span.fromContext(caller).getSpanContext().getTraceState())) {
      span.setAttribute(RecordedRequest.SHADOW, true);
    }
    return new RecordedRequest(this, protocol, path, caller, span);
  }

  /** A span that is still to be begun. */
  SpanBuilder span(String name, SpanKind kind) {
    return tracer.spanBuilder(name).setSpanKind(kind);
  }

  /** The headers by which another process goes on with what is done under a context. */
  Map<String, String> outgoing(Context context) {
    Map<String, String> headers = new HashMap<>();
    propagator.inject(context, headers, (into, name, value) -> headers.put(name, value));
    return headers;
  }

  @Override
  public void close() {
    if (!sdk.shutdown().join(FLUSH_SECONDS, TimeUnit.SECONDS).isSuccess()) {
      LOG.warnf("the last traces did not reach their collector within %d s", FLUSH_SECONDS);
    }
  }
}
