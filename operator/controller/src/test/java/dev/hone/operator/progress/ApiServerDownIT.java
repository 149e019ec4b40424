package dev.hone.operator.progress;

import static dev.hone.operator.progress.Reports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.common.Progress;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.Wire;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The endpoint while the API server cannot be reached: pods come back, and nothing is lost. */
@WithApiServer
class ApiServerDownIT {
  private static final String HASH = "a1b2c3d4e5";

  private final CountDownLatch refused = new CountDownLatch(1);
  private Wire wire;
  private KubernetesClient client;
  private Replica replica;
  private ReportingRun run;

  @BeforeEach
  void start(ApiServer server, TestNamespace namespace) throws Exception {
    String home = server.newNamespace("operator");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    wire = new Wire(server);
    client = server.client(server.token(home, "hone-operator", List.of()), wire.url());
    replica = new Replica(client, Settings.of(home, Map.of("hone.status-writes-per-second", "1")));
    run = ReportingRun.create(server, namespace.name(), "spam", HASH);
  }

  @AfterEach
  void stop() throws Exception {
    wire.mend();
    replica.close();
    client.close();
    wire.close();
  }

  @Test
  void aResultIsSentAgainUntilItIsKept() throws Exception {
    String token = run.token();
    assertThat(progress(token, 10).statusCode()).isEqualTo(200);
    run.awaitPercent(10);
    wire.cut();

    for (HttpResponse<String> answer : List.of(progress(token, 20), result(token))) {
      assertRefused(answer, 503, "again");
      assertThat(answer.headers().firstValue("Retry-After")).hasValue("5");
    }
    assertThat(run.result()).isNull();

    CompletableFuture<Integer> pod = CompletableFuture.supplyAsync(() -> sendUntilTaken(token));
    refused.await();
    wire.mend();

    assertThat(pod.get(60, TimeUnit.SECONDS)).isPositive();
    assertThat(run.result()).isNotNull();
    run.awaitPercent(100);
  }

  @Test
  void progressThatWasTakenIsWrittenWhenTheApiServerIsBack() throws Exception {
    String token = run.token();
    progress(token, 10);
    run.awaitPercent(10);
    // One write per second: this one has been taken, and waits for its turn.
    assertThat(progress(token, 42).statusCode()).isEqualTo(200);
    wire.cut();
    wire.awaitRefused();
    assertThat(run.status().progress()).isNotNull().extracting(Progress::percent).isEqualTo(10.0);

    wire.mend();

    run.awaitPercent(42);
  }

  /** What a pod does; answers how often it was told to come back. */
  private int sendUntilTaken(String token) {
    try {
      for (int refusals = 0; ; refusals++) {
        HttpResponse<String> answer = result(token);
        if (answer.statusCode() == 200) {
          return refusals;
        }
        assertThat(answer.statusCode()).isEqualTo(503);
        refused.countDown();
        String seconds = answer.headers().firstValue("Retry-After").orElseThrow();
        Thread.sleep(Duration.ofSeconds(Long.parseLong(seconds)));
      }
    } catch (Exception e) {
      throw new CompletionException(e);
    }
  }

  private HttpResponse<String> progress(String token, double percent) throws Exception {
    return replica.post(run.path("progress"), token, Reports.progress(HASH, percent));
  }

  private HttpResponse<String> result(String token) throws Exception {
    return replica.post(run.path("result"), token, Reports.result(HASH, "a"));
  }
}
