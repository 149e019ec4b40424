package dev.hone.server.router;

import static dev.hone.server.testing.Collector.only;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_CLIENT;
import static io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_SERVER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.testing.Client;
import dev.hone.server.testing.Collector;
import dev.hone.server.testing.Collector.Received;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.ServerProcess;
import dev.hone.server.tracing.Tracing;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The router before the packaged server, both before one collector of traces. */
@Timeout(120)
class TracedRouteIT {
  @TempDir Path folder;

  @Test
  void routerAndServerTellOfOneTrace() throws Exception {
    try (Running running = new Running()) {
      Collector collector = running.add(Collector.overGrpc());
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString());
      ServerProcess server = running.add(ServerProcess.start(folder, variables));
      server.awaitReady();
      Backend backend =
          new Backend(
              URI.create("http://127.0.0.1:" + server.address().getPort()),
              URI.create("http://127.0.0.1:" + server.grpcPort()));
      Path file =
          Files.write(
              folder.resolve("routing.json"),
              new Routing("r1", backend, null, null, 0, 0, 0, 5000, null).document());
      Router router =
          running.add(
              Router.start(
                  AnyPorts.settings(Optional.of(file), Optional.empty()),
                  Tracing.of(collector.variables(), "hone-router")));

      Client client = new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
      assertThat(client.infer("spam", Client.textRequest("w60")).status()).isEqualTo(200);
      assertOneTrace(collector, "POST /v2/models/{model}/infer");
      collector.spans().clear();
      try (GrpcClient calls = new GrpcClient(router.grpcPort())) {
        calls.service().modelInfer(GrpcClient.affine(1, 2, 3).build());
      }
      assertOneTrace(collector, "inference.GRPCInferenceService/ModelInfer");
    }
  }

  private static void assertOneTrace(Collector collector, String name) {
    String trace = collector.first().traceId();
    List<Received> spans = collector.trace(trace, 7);
    Received atRouter = only(of("hone-router", spans), SPAN_KIND_SERVER, name);
    List<Received> tries =
        of("hone-router", spans).stream()
            .filter(span -> span.span().getKind() == SPAN_KIND_CLIENT)
            .toList();
    assertThat(tries).hasSize(1);
    assertThat(tries.getFirst().parent()).isEqualTo(atRouter.id());
    Received atServer = only(of("hone-server", spans), SPAN_KIND_SERVER, name);
    assertThat(atServer.parent()).isEqualTo(tries.getFirst().id());
    assertThat(of("hone-server", spans)).hasSize(5);
    assertThat(atServer.attributes()).doesNotContainKey("hone.shadow");
  }

  private static List<Received> of(String service, List<Received> spans) {
    return spans.stream()
        .filter(span -> service.equals(span.resource().get("service.name")))
        .toList();
  }
}
