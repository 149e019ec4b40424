package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.hone.api.inference.Backend;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpModelProbeTest {

  private static final Pod POD =
      new PodBuilder().withNewStatus().withPodIP("127.0.0.1").endStatus().build();

  private HttpServer server;
  private HttpServer management;

  @BeforeEach
  void start() throws IOException {
    server = newServer();
    management = newServer();
  }

  private static HttpServer newServer() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    server.start();
    return server;
  }

  @AfterEach
  void stop() {
    server.stop(0);
    management.stop(0);
  }

  private HttpModelProbe answering(String path, int status, String document) {
    return answering(server, path, status, document);
  }

  private HttpModelProbe answering(HttpServer answering, String path, int status, String document) {
    answering.createContext(
        path,
        exchange -> {
          byte[] body = document.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    return new HttpModelProbe(server.getAddress().getPort(), management.getAddress().getPort());
  }

  @Test
  void readsProviderAndDigest() {
    HttpModelProbe probe =
        answering(
            "/v2/models/spam",
            200,
            "{\"parameters\": {\"provider\": \"CUDAExecutionProvider\", \"digest\":"
                + " \"sha256:1\"}}");
    assertThat(probe.ask(POD, "spam", Backend.SERVER))
        .contains(new ModelProbe.Answer("CUDAExecutionProvider", "sha256:1"));
    assertThat(probe.ask(new Pod(), "spam", Backend.SERVER)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          onnxruntime_onnx | KIND_CPU  |          | CPUExecutionProvider
          onnxruntime_onnx | KIND_GPU  |          | CUDAExecutionProvider
          onnxruntime_onnx | KIND_GPU  | tensorrt | TensorrtExecutionProvider
          onnxruntime_onnx | KIND_CPU  | tensorrt | CPUExecutionProvider
          onnxruntime_onnx | KIND_AUTO |          |
          tensorrt_plan    | KIND_GPU  |          | TensorRT
          """)
  void ofTritonItReadsTheConfiguration(
      String platform, String kind, @Nullable String accelerator, @Nullable String provider) {
    HttpModelProbe probe =
        answering(
            "/v2/models/spam/config",
            200,
            """
            {"platform": "%s", "instance_group": [{"kind": "%s"}],
             "optimization": {"execution_accelerators": {"gpu_execution_accelerator": [%s]}},
             "parameters": {"digest": {"string_value": "sha256:1"}}}
            """
                .formatted(
                    platform,
                    kind,
                    accelerator == null ? "" : "{\"name\": \"" + accelerator + "\"}"));
    assertThat(probe.ask(POD, "spam", Backend.TRITON))
        .contains(new ModelProbe.Answer(provider, "sha256:1"));
  }

  @ParameterizedTest
  @CsvSource({
    "server, HONE_TLS, true",
    "server, HONE_API_KEY_FILE, true",
    "server, HONE_MAX_BATCH, false",
    "other, HONE_TLS, false"
  })
  void whereAPodWantsTlsOrAKeyItAsksAtTheManagementPort(
      String container, String variable, boolean restricted) {
    answering(server, "/v2/models/spam", 200, "{\"parameters\": {\"digest\": \"requests\"}}");
    HttpModelProbe probe =
        answering(
            management, "/v2/models/spam", 200, "{\"parameters\": {\"digest\": \"management\"}}");
    Pod pod =
        new PodBuilder(POD)
            .withNewSpec()
            .addNewContainer()
            .withName(container)
            .addNewEnv()
            .withName(variable)
            .withValue("value")
            .endEnv()
            .endContainer()
            .endSpec()
            .build();
    assertThat(probe.ask(pod, "spam", Backend.SERVER).map(ModelProbe.Answer::digest))
        .contains(restricted ? "management" : "requests");
  }

  @Test
  void readsWhyAPodWillNotBecomeReady() {
    HttpModelProbe probe =
        answering(
            "/v2/health/ready",
            503,
            "{\"ready\": false, \"error\": \"no accelerator can run it\"}");
    assertThat(probe.refusal(POD)).contains("no accelerator can run it");
  }

  @Test
  void aPodThatIsOnlyLoadingRefusesNothing() {
    HttpModelProbe loading = answering("/v2/health/ready", 503, "{\"ready\": false}");
    assertThat(loading.refusal(POD)).isEmpty();
    assertThat(loading.ask(POD, "spam", Backend.SERVER)).isEqualTo(Optional.empty());
  }

  @Test
  void aReadyPodRefusesNothing() {
    assertThat(answering("/v2/health/ready", 200, "{\"ready\": true}").refusal(POD)).isEmpty();
  }
}
