package dev.hone.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc.TraceServiceImplBase;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A collector of traces, over one of OTLP's protocols. */
public final class Collector implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TOKEN = "x-token";

  private final List<Received> spans = new CopyOnWriteArrayList<>();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private final String protocol;
  private final int port;
  private final AutoCloseable server;

  private Collector(String protocol) throws Exception {
    this.protocol = protocol;
    if (protocol.equals("grpc")) {
      Server grpc = grpc();
      this.port = grpc.getPort();
      this.server = grpc::shutdownNow;
    } else {
      Vertx vertx = Vertx.vertx();
      HttpServer http =
          vertx
              .createHttpServer()
              .requestHandler(this::receive)
              .listen(0, "127.0.0.1")
              .toCompletionStage()
              .toCompletableFuture()
              .get();
      this.port = http.actualPort();
      this.server = () -> vertx.close().toCompletionStage().toCompletableFuture().get();
    }
  }

  /** A collector that speaks gRPC. */
  public static Collector overGrpc() throws Exception {
    return new Collector("grpc");
  }

  /** A collector that speaks HTTP. */
  public static Collector overHttp() throws Exception {
    return new Collector("http/protobuf");
  }

  private Server grpc() throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
        .addService(
            new TraceServiceImplBase() {
              @Override
              public void export(
                  ExportTraceServiceRequest request,
                  StreamObserver<ExportTraceServiceResponse> answer) {
                add(request);
                answer.onNext(ExportTraceServiceResponse.getDefaultInstance());
                answer.onCompleted();
              }
            })
        .intercept(
            new ServerInterceptor() {
              @Override
              public <Q, A> ServerCall.Listener<Q> interceptCall(
                  ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                note(headers.get(Metadata.Key.of(TOKEN, Metadata.ASCII_STRING_MARSHALLER)));
                return next.startCall(call, headers);
              }
            })
        .build()
        .start();
  }

  private void receive(HttpServerRequest request) {
    note(request.getHeader(TOKEN));
    if (!request.path().equals("/v1/traces")) {
      request.response().setStatusCode(404).end();
      return;
    }
    request
        .body()
        .onSuccess(
            body -> {
              try {
                add(ExportTraceServiceRequest.parseFrom(body.getBytes()));
                request
                    .response()
                    .putHeader("content-type", "application/x-protobuf")
                    .end(
                        Buffer.buffer(
                            ExportTraceServiceResponse.getDefaultInstance().toByteArray()));
              } catch (IOException e) {
                request.response().setStatusCode(400).end();
              }
            });
  }

  private void note(@Nullable String token) {
    if (token != null) {
      tokens.add(token);
    }
  }

  private void add(ExportTraceServiceRequest request) {
    request
        .getResourceSpansList()
        .forEach(
            resource -> {
              Map<String, Object> attributes = map(resource.getResource().getAttributesList());
              resource
                  .getScopeSpansList()
                  .forEach(
                      scope ->
                          scope
                              .getSpansList()
                              .forEach(span -> spans.add(new Received(attributes, span))));
            });
  }

  /** The variables by which a process finds it, and waits for nothing before it sends. */
  public Map<String, String> variables() {
    return Map.of(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://127.0.0.1:" + port,
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        protocol,
        "OTEL_BSP_SCHEDULE_DELAY",
        "50");
  }

  /** The values of the header x-token that came. */
  public List<String> tokens() {
    return tokens;
  }

  /** What has come so far. */
  public List<Received> spans() {
    return spans;
  }

  /** The first span that comes. */
  public Received first() {
    return await(span -> true, 1).getFirst();
  }

  /** The spans of a trace, once as many have come. */
  public List<Received> trace(String traceId, int count) {
    return await(span -> span.traceId().equals(traceId), count);
  }

  private List<Received> await(Predicate<Received> wanted, int count) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      List<Received> found = spans.stream().filter(wanted).toList();
      if (found.size() >= count) {
        return found;
      }
      assertThat(System.nanoTime()).as("%d spans of %s", count, spans).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  /** The only span of that name and kind. */
  public static Received only(List<Received> spans, Span.SpanKind kind, String name) {
    List<Received> found =
        spans.stream()
            .filter(span -> span.span().getKind() == kind && span.span().getName().equals(name))
            .toList();
    assertThat(found).as(spans.toString()).hasSize(1);
    return found.getFirst();
  }

  private static Map<String, Object> map(List<KeyValue> attributes) {
    return attributes.stream()
        .collect(Collectors.toMap(KeyValue::getKey, attribute -> value(attribute.getValue())));
  }

  private static Object value(AnyValue value) {
    return switch (value.getValueCase()) {
      case INT_VALUE -> value.getIntValue();
      case BOOL_VALUE -> value.getBoolValue();
      case STRING_VALUE -> value.getStringValue();
      default -> value.toString();
    };
  }

  @Override
  public void close() throws Exception {
    server.close();
  }

  /** A span, and the process that it is of. */
  public record Received(Map<String, Object> resource, Span span) {
    /** The trace's, in hexadecimal. */
    public String traceId() {
      return HexFormat.of().formatHex(span.getTraceId().toByteArray());
    }

    /** Its own, in hexadecimal. */
    public String id() {
      return HexFormat.of().formatHex(span.getSpanId().toByteArray());
    }

    /** That of the span that it is part of, or empty. */
    public String parent() {
      return HexFormat.of().formatHex(span.getParentSpanId().toByteArray());
    }

    /** Its attributes. */
    public Map<String, Object> attributes() {
      return map(span.getAttributesList());
    }
  }
}
