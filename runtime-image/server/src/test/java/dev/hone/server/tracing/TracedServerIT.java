package dev.hone.server.tracing;

import static dev.hone.server.testing.Collector.only;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_INTERNAL;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.Collector;
import dev.hone.server.testing.Collector.Received;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.ServerProcess;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status.StatusCode;
import java.net.ServerSocket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged server before a collector of traces. */
@Timeout(180)
class TracedServerIT {
  private static final String REST = "POST /v2/models/{model}/infer";
  private static final String GRPC = "inference.GRPCInferenceService/ModelInfer";
  private static final String CALLER = "00f067aa0ba902b7";

  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  @TempDir Path folder;

  private ServerProcess start(Map<String, String> variables) throws Exception {
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString());
    environment.put("HONE_DRAIN_SECONDS", "0");
    ServerProcess server = ServerProcess.start(folder, environment);
    server.awaitReady();
    return server;
  }

  /** A trace of its own for each thing that a test asks. */
  private static String trace(int number) {
    return "4bf92f3577b34da6a3ce929d0e0e%04x".formatted(number);
  }

  private static String traceparent(String trace) {
    return "00-" + trace + "-" + CALLER + "-01";
  }

  private static Answer infer(ServerProcess server, String trace, String model, String body) {
    Client client = server.client();
    return client.send(
        client
            .inferRequest(model, BodyPublishers.ofString(body))
            .header("traceparent", traceparent(trace)));
  }

  private static Metadata metadata(String trace) {
    Metadata metadata = new Metadata();
    metadata.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), traceparent(trace));
    return metadata;
  }

  @Test
  void tellsWhatRequestsAndCallsGoThrough() throws Exception {
    try (Collector collector = Collector.overGrpc()) {
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("OTEL_SERVICE_NAME", "spam-filter");
      variables.put("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=mail");
      try (ServerProcess server = start(variables)) {
        server.client().get("/v2/models/spam");
        server.client().get("/v2/health/ready");
        tellsOfARequest(collector, server);
        tellsOfACall(collector, server);
        tellsOfErrors(collector, server);
        // Nobody asked but the test, and it asked with a trace: warm-up, health and metadata count
        // for nothing.
        assertThat(collector.spans())
            .extracting(Received::traceId)
            .containsOnly(trace(1), trace(2), trace(3), trace(4), trace(5));
      }
    }
  }

  private static void tellsOfARequest(Collector collector, ServerProcess server) {
    assertThat(infer(server, trace(1), "spam", Client.textRequest("w60", "w61")).status())
        .isEqualTo(200);
    List<Received> spans = collector.trace(trace(1), 5);
    Received request = only(spans, SPAN_KIND_SERVER, REST);
    assertThat(request.parent()).isEqualTo(CALLER);
    assertThat(request.resource())
        .containsEntry("service.name", "spam-filter")
        .containsEntry("k8s.namespace.name", "mail");
    assertThat(request.attributes())
        .containsEntry("http.request.method", "POST")
        .containsEntry("http.route", "/v2/models/{model}/infer")
        .containsEntry("url.path", "/v2/models/spam/infer")
        .containsEntry("url.scheme", "http")
        .containsEntry("http.response.status_code", 200L)
        .containsEntry("hone.model.name", "spam")
        .containsEntry("hone.model.version", "1")
        .containsEntry("hone.request.rows", 2L)
        .doesNotContainKeys("error.type", "hone.shadow");
    assertThat(request.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);

    Received compute = only(spans, SPAN_KIND_INTERNAL, "compute");
    assertThat(compute.attributes())
        .containsEntry("hone.batch.rows", 2L)
        .containsEntry("hone.batch.requests", 1L);
    assertThat(compute.span().getEventsList())
        .extracting(Span.Event::getName)
        .containsExactly("compute_input_end", "compute_output_start");
    long before = request.span().getStartTimeUnixNano();
    for (String stage : List.of("decode", "queue", "compute", "encode")) {
      Received part = only(spans, SPAN_KIND_INTERNAL, stage);
      assertThat(part.parent()).isEqualTo(request.id());
      assertThat(part.span().getStartTimeUnixNano()).as(stage).isGreaterThanOrEqualTo(before);
      before = part.span().getEndTimeUnixNano();
      assertThat(before).isGreaterThanOrEqualTo(part.span().getStartTimeUnixNano());
    }
    assertThat(request.span().getEndTimeUnixNano()).isGreaterThanOrEqualTo(before);
    assertThat(before).isCloseTo(nowNanos(), Offset.offset(MINUTE));
  }

  private static long nowNanos() {
    return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
  }

  private static void tellsOfACall(Collector collector, ServerProcess server) {
    try (GrpcClient client = new GrpcClient(server.grpcPort())) {
      assertThat(client.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .isTrue();
      client
          .service()
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata(trace(2))))
          .modelInfer(GrpcClient.affine(1, 2, 3).build());
      List<Received> spans = collector.trace(trace(2), 5);
      Received call = only(spans, SPAN_KIND_SERVER, GRPC);
      assertThat(call.parent()).isEqualTo(CALLER);
      assertThat(call.attributes())
          .containsEntry("rpc.system", "grpc")
          .containsEntry("rpc.service", "inference.GRPCInferenceService")
          .containsEntry("rpc.method", "ModelInfer")
          .containsEntry("rpc.grpc.status_code", 0L)
          .containsEntry("hone.model.name", "affine")
          .containsEntry("hone.request.rows", 1L);
      assertThat(only(spans, SPAN_KIND_INTERNAL, "compute").parent()).isEqualTo(call.id());
    }
  }

  private static void tellsOfErrors(Collector collector, ServerProcess server) {
    // A client's mistake is no failure of the server.
    assertThat(infer(server, trace(3), "nothing", "{}").status()).isEqualTo(404);
    Received unknown = only(collector.trace(trace(3), 1), SPAN_KIND_SERVER, REST);
    assertThat(unknown.attributes()).containsEntry("http.response.status_code", 404L);
    assertThat(unknown.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);

    String late = "{\"parameters\": {\"timeout\": 1}, " + Client.textRequest("w60").substring(1);
    assertThat(infer(server, trace(4), "spam", late).status()).isEqualTo(504);
    Received failed = only(collector.trace(trace(4), 3), SPAN_KIND_SERVER, REST);
    assertThat(failed.attributes())
        .containsEntry("http.response.status_code", 504L)
        .containsEntry("error.type", "504");
    assertThat(failed.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_ERROR);
    assertThat(failed.span().getStatus().getMessage()).contains("deadline");

    try (GrpcClient client = new GrpcClient(server.grpcPort())) {
      var service =
          client
              .service()
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata(trace(5))));
      assertThatThrownBy(
              () -> service.modelInfer(ModelInferRequest.newBuilder().setModelName("no").build()))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(only(collector.trace(trace(5), 1), SPAN_KIND_SERVER, GRPC).attributes())
          .containsEntry("rpc.grpc.status_code", 5L);
    }
  }

  @Test
  void takesItsShareOverHttpAndFollowsItsCallers() throws Exception {
    try (Collector collector = Collector.overHttp()) {
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
      variables.put("OTEL_TRACES_SAMPLER_ARG", "0");
      variables.put("OTEL_EXPORTER_OTLP_HEADERS", "x-token=secret");
      try (ServerProcess server = start(variables)) {
        for (int request = 0; request < 20; request++) {
          assertThat(server.client().infer("spam", Client.textRequest("w60")).status())
              .isEqualTo(200);
        }
        infer(server, trace(1), "spam", Client.textRequest("w60"));
        Received request = only(collector.trace(trace(1), 5), SPAN_KIND_SERVER, REST);
        assertThat(request.resource()).containsEntry("service.name", "hone-server");
        assertThat(request.attributes()).doesNotContainKey("hone.shadow");
        assertThat(collector.spans()).extracting(Received::traceId).containsOnly(trace(1));
        server
            .client()
            .send(
                server
                    .client()
                    .inferRequest("spam", BodyPublishers.ofString(Client.textRequest("w60")))
                    .header("traceparent", traceparent(trace(2)))
                    .header("tracestate", "hone=shadow"));
        assertThat(only(collector.trace(trace(2), 5), SPAN_KIND_SERVER, REST).attributes())
            .containsEntry("hone.shadow", true);
        assertThat(collector.tokens()).isNotEmpty().containsOnly("secret");
      }
    }
  }

  @Test
  void sendsTheLastTracesOnItsWayOut() throws Exception {
    try (Collector collector = Collector.overGrpc()) {
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("OTEL_BSP_SCHEDULE_DELAY", "600000");
      try (ServerProcess server = start(variables)) {
        List<CompletableFuture<Answer>> asked =
            Stream.of(1, 2)
                .map(
                    number ->
                        CompletableFuture.supplyAsync(
                            () -> infer(server, trace(number), "spin", spin(1_000_000))))
                .toList();
        // One is at work then.
        server.await(() -> server.metric("nv_inference_pending_request_count", "spin") == 1);
        server.terminate();
        for (CompletableFuture<Answer> answer : asked) {
          assertThat(answer.get(120, TimeUnit.SECONDS).status()).isEqualTo(200);
        }
        assertThat(server.exitCode()).isZero();
      }
      assertThat(collector.trace(trace(1), 5)).hasSize(5);
      assertThat(collector.trace(trace(2), 5)).hasSize(5);
    }
  }

  private static String spin(long steps) {
    return "{\"inputs\": [{\"name\": \"n\", \"shape\": [1], \"datatype\": \"INT64\", \"data\": [%d]}]}"
        .formatted(steps);
  }

  @Test
  void answersAndLeavesWithoutItsCollector() throws Exception {
    int nobody;
    try (ServerSocket free = new ServerSocket(0)) {
      nobody = free.getLocalPort();
    }
    try (ServerProcess server =
        start(
            Map.of(
                "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + nobody,
                "OTEL_BSP_SCHEDULE_DELAY", "1",
                "OTEL_BSP_MAX_QUEUE_SIZE", "64",
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"))) {
      for (int request = 0; request < 200; request++) {
        assertThat(server.client().infer("spam", Client.textRequest("w60")).status())
            .isEqualTo(200);
      }
      server.await(() -> server.log().contains("Failed to export"));
      server.terminate();
      long left = System.nanoTime();
      assertThat(server.exitCode()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - left)).isLessThan(Duration.ofSeconds(30));
      // A thousand spans in batches of one: it is told of once in a while.
      assertThat(server.log().lines().filter(line -> line.contains("Failed to export")))
          .hasSizeLessThan(20);
    }
  }

  @Test
  void loadsNothingOfOpenTelemetrysUnlessItIsAskedTo() throws Exception {
    Path classes = folder.resolve("classes.log");
    String noting = "-Xlog:class+load:file=" + classes;
    try (ServerProcess server = start(Map.of("JAVA_TOOL_OPTIONS", noting))) {
      assertThat(server.client().infer("spam", Client.textRequest("w60")).status()).isEqualTo(200);
      try (GrpcClient client = new GrpcClient(server.grpcPort())) {
        client.service().modelInfer(GrpcClient.affine(1, 2, 3).build());
      }
      server.terminate();
      assertThat(server.exitCode()).isZero();
    }
    assertThat(loaded(classes)).isEmpty();

    Files.delete(folder.resolve("termination-log"));
    try (Collector collector = Collector.overGrpc()) {
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("JAVA_TOOL_OPTIONS", noting);
      try (ServerProcess server = start(variables)) {
        assertThat(server.log()).contains("traces go to a collector as service hone-server");
      }
    }
    assertThat(loaded(classes)).isNotEmpty();
  }

  private static List<String> loaded(Path classes) throws Exception {
    try (var lines = Files.lines(classes)) {
      return lines
          .filter(line -> line.contains(" io.opentelemetry.") || line.contains("tracing.Recorded"))
          .toList();
    }
  }
}
