package dev.hone.server.router;

import static dev.hone.server.testing.Collector.only;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_CLIENT;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_SERVER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.Collector;
import dev.hone.server.testing.Collector.Received;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.tracing.Tracing;
import io.grpc.StatusRuntimeException;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status.StatusCode;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The router before a collector of traces. */
@Timeout(60)
class RouterTraceTest {
  private static final String REST = "POST /v2/models/{model}/infer";
  private static final String GRPC = "inference.GRPCInferenceService/ModelInfer";
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String CALLER = "00f067aa0ba902b7";

  @TempDir Path folder;
  @AutoClose private final Running running = new Running();
  private final Collector collector;

  RouterTraceTest() throws Exception {
    collector = running.add(Collector.overHttp());
  }

  private Router router(Version stable, @Nullable Version candidate, int weight, double share)
      throws Exception {
    return router(stable, candidate, weight, share, Map.of());
  }

  private Router router(
      Version stable,
      @Nullable Version candidate,
      int weight,
      double share,
      Map<String, String> variables)
      throws Exception {
    Routing routing =
        new Routing(
            "r1",
            stable.backend(),
            candidate == null ? null : candidate.backend(),
            null,
            weight,
            share,
            0,
            5000,
            null);
    Map<String, String> environment = new HashMap<>(collector.variables());
    environment.putAll(variables);
    Path file = Files.write(folder.resolve("routing.json"), routing.document());
    return running.add(
        Router.start(
            AnyPorts.settings(Optional.of(file), Optional.empty()),
            Tracing.of(environment, "hone-router")));
  }

  private static Answer infer(Router router) {
    Client client = new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
    return client.send(
        client
            .inferRequest("m", BodyPublishers.ofString("{\"inputs\": []}"))
            .header("traceparent", "00-" + TRACE + "-" + CALLER + "-01"));
  }

  /** A version that notes by which trace it is asked. */
  private Version version(BlockingQueue<Map<String, String>> asked, int status) throws Exception {
    return running.add(
        Version.answering(
            request -> {
              Map<String, String> trace = new HashMap<>();
              for (String name : List.of("traceparent", "tracestate")) {
                trace.put(name, String.valueOf(request.getHeader(name)));
              }
              asked.add(trace);
              request.response().setStatusCode(status).end(Version.answer(3, 1));
            }));
  }

  private static Map<String, String> next(BlockingQueue<Map<String, String>> asked)
      throws InterruptedException {
    Map<String, String> trace = asked.poll(30, TimeUnit.SECONDS);
    return trace == null ? Map.of() : trace;
  }

  @Test
  void handsTheTraceOn() throws Exception {
    BlockingQueue<Map<String, String>> asked = new LinkedBlockingQueue<>();
    Router router = router(version(asked, 200), null, 0, 0);
    assertThat(infer(router).status()).isEqualTo(200);
    List<Received> spans = collector.trace(TRACE, 2);
    Received request = only(spans, SPAN_KIND_SERVER, REST);
    Received attempt = only(spans, SPAN_KIND_CLIENT, "POST");
    assertThat(request.parent()).isEqualTo(CALLER);
    assertThat(request.resource()).containsEntry("service.name", "hone-router");
    assertThat(request.attributes())
        .containsEntry("http.response.status_code", 200L)
        .containsEntry("hone.version", "stable");
    assertThat(attempt.parent()).isEqualTo(request.id());
    assertThat(attempt.attributes())
        .containsEntry("http.response.status_code", 200L)
        .containsEntry("hone.version", "stable")
        .containsEntry("server.address", "127.0.0.1")
        .doesNotContainKeys("error.type", "http.request.resend_count");
    assertThat((String) attempt.attributes().get("url.full")).endsWith("/v2/models/m/infer");
    assertThat(next(asked))
        .containsEntry("traceparent", "00-" + TRACE + "-" + attempt.id() + "-01");
  }

  @Test
  void tellsOfTheTryThatFailed() throws Exception {
    Version candidate = version(new LinkedBlockingQueue<>(), 500);
    Router router = router(version(new LinkedBlockingQueue<>(), 200), candidate, 100, 0);
    assertThat(infer(router).status()).isEqualTo(200);
    List<Received> spans = collector.trace(TRACE, 3);
    Received request = only(spans, SPAN_KIND_SERVER, REST);
    assertThat(request.attributes()).containsEntry("hone.version", "stable");
    assertThat(request.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
    assertThat(spans)
        .filteredOn(span -> span.span().getKind() == SPAN_KIND_CLIENT)
        .extracting(
            span -> span.attributes().get("hone.version"),
            span -> span.attributes().get("error.type"),
            span -> span.span().getStatus().getCode())
        .containsExactlyInAnyOrder(
            Assertions.tuple("candidate", "500", StatusCode.STATUS_CODE_ERROR),
            Assertions.tuple("stable", null, StatusCode.STATUS_CODE_UNSET));
  }

  @Test
  void countsTheTriesAtAVersionThatIsGone() throws Exception {
    Version candidate = version(new LinkedBlockingQueue<>(), 200);
    Router router = router(version(new LinkedBlockingQueue<>(), 200), candidate, 100, 0);
    candidate.stop();
    assertThat(infer(router).status()).isEqualTo(200);
    List<Received> failed =
        collector.trace(TRACE, 4).stream()
            .filter(span -> "candidate".equals(span.attributes().get("hone.version")))
            .toList();
    assertThat(failed)
        .extracting(span -> span.attributes().get("http.request.resend_count"))
        .containsExactlyInAnyOrder(null, 1L);
    assertThat(failed).allSatisfy(span -> assertThat(span.attributes()).containsKey("error.type"));
  }

  @Test
  void aCopyIsATraceOfItsOwn() throws Exception {
    BlockingQueue<Map<String, String>> copied = new LinkedBlockingQueue<>();
    Version candidate = version(copied, 200);
    // What decides for others has no say in copies.
    Router router =
        router(
            version(new LinkedBlockingQueue<>(), 200),
            candidate,
            0,
            1,
            Map.of(
                "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0"));
    assertThat(infer(router).status()).isEqualTo(200);
    Received request = only(collector.trace(TRACE, 2), SPAN_KIND_SERVER, REST);
    Map<String, String> headers = next(copied);
    String[] parent = headers.getOrDefault("traceparent", "").split("-");
    assertThat(parent[1]).isNotEqualTo(TRACE);
    Received copy = collector.trace(parent[1], 1).getFirst();
    assertThat(copy.id()).isEqualTo(parent[2]);
    assertThat(headers).containsEntry("tracestate", "hone=shadow");
    assertThat(copy.parent()).isEmpty();
    assertThat(copy.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_CLIENT);
    assertThat(copy.attributes())
        .containsEntry("hone.shadow", true)
        .containsEntry("hone.version", "candidate");
    assertThat(copy.span().getLinksList())
        .extracting(link -> HexFormat.of().formatHex(link.getSpanId().toByteArray()))
        .containsExactly(request.id());
  }

  @Test
  void whatIsNotSampledIsNotSampledBehindIt() throws Exception {
    BlockingQueue<Map<String, String>> asked = new LinkedBlockingQueue<>();
    BlockingQueue<Map<String, String>> copied = new LinkedBlockingQueue<>();
    Router router =
        router(
            version(asked, 200),
            version(copied, 200),
            0,
            1,
            Map.of("OTEL_TRACES_SAMPLER", "always_off"));
    assertThat(infer(router).status()).isEqualTo(200);
    assertThat(next(asked).get("traceparent")).matches("00-" + TRACE + "-[0-9a-f]{16}-00");
    assertThat(next(copied).get("traceparent")).endsWith("-00");
    router.close();
    assertThat(collector.spans()).isEmpty();
  }

  @Test
  void handsTheTraceOfACallOn() throws Exception {
    BlockingQueue<Map<String, String>> asked = new LinkedBlockingQueue<>();
    Version stable =
        running.add(
            Version.answering(
                request -> {
                  asked.add(Map.of("traceparent", request.getHeader("traceparent")));
                  request
                      .response()
                      .putHeader("content-type", "application/grpc")
                      .putHeader("grpc-status", "9")
                      .end();
                }));
    Router router = router(stable, null, 0, 0);
    try (GrpcClient client = new GrpcClient(router.grpcPort())) {
      Assertions.assertThatThrownBy(
              () -> client.service().modelInfer(ModelInferRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class);
    }
    String[] parent = next(asked).getOrDefault("traceparent", "").split("-");
    List<Received> spans = collector.trace(parent[1], 2);
    Received call = only(spans, SPAN_KIND_SERVER, GRPC);
    Received attempt = only(spans, SPAN_KIND_CLIENT, GRPC);
    assertThat(call.parent()).isEmpty();
    assertThat(call.attributes()).containsEntry("rpc.grpc.status_code", 9L);
    // The call is at fault, not the router that was asked; the router got an error all the same.
    assertThat(call.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
    assertThat(attempt.parent()).isEqualTo(call.id());
    assertThat(attempt.id()).isEqualTo(parent[2]);
    assertThat(attempt.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_ERROR);
  }

  @Test
  void makesNoSpanOfWhatIsNoInference() throws Exception {
    Router router = router(version(new LinkedBlockingQueue<>(), 200), null, 0, 0);
    Client client = new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
    assertThat(client.get("/v2/models/m").status()).isEqualTo(200);
    router.close();
    assertThat(collector.spans()).isEmpty();
  }
}
