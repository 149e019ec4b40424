package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpModelProbeTest {

  private static final Pod POD =
      new PodBuilder().withNewStatus().withPodIP("127.0.0.1").endStatus().build();

  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private HttpModelProbe answering(String path, int status, String document) {
    server.createContext(
        path,
        exchange -> {
          byte[] body = document.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    return new HttpModelProbe(server.getAddress().getPort());
  }

  @Test
  void readsProviderAndDigest() {
    HttpModelProbe probe =
        answering(
            "/v2/models/spam",
            200,
            "{\"parameters\": {\"provider\": \"CUDAExecutionProvider\", \"digest\":"
                + " \"sha256:1\"}}");
    assertThat(probe.ask(POD, "spam"))
        .contains(new ModelProbe.Answer("CUDAExecutionProvider", "sha256:1"));
    assertThat(probe.ask(new Pod(), "spam")).isEmpty();
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
    assertThat(loading.ask(POD, "spam")).isEqualTo(Optional.empty());
  }

  @Test
  void aReadyPodRefusesNothing() {
    assertThat(answering("/v2/health/ready", 200, "{\"ready\": true}").refusal(POD)).isEmpty();
  }
}
