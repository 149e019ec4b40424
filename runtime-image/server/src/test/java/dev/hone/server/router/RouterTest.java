package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.tracing.Tracing;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The router over HTTP, before versions that are servers of their own. */
@Timeout(60)
class RouterTest {
  private static final String BODY = "{\"inputs\": []}";
  private static final String LABELS =
      "inference_namespace=\"team\",inference_deployment=\"spam\",process=\"p1\",revision=\"r1\"";

  @TempDir Path folder;
  @AutoClose private final Running running = new Running();
  private final ControlPki pki;

  RouterTest() throws Exception {
    pki = new ControlPki();
  }

  private Version version(Version version) {
    return running.add(version);
  }

  private Router router(Routing routing) throws Exception {
    return running.add(Router.start(settings(routing, 1 << 20, 5000, 0), Tracing.OFF));
  }

  private RouterSettings settings(Routing routing, int maxBody, int retry, int drain)
      throws Exception {
    return new RouterSettings(
        0,
        0,
        0,
        0,
        Optional.of(Files.write(folder.resolve("routing.json"), routing.document())),
        Optional.of(pki.write(folder)),
        maxBody,
        retry,
        drain,
        ClientAccess.OPEN,
        new RouterIdentity("team", "spam", "p1"));
  }

  private static Routing routing(
      Version stable, @Nullable Version candidate, int weight, double share) {
    return routing(stable, candidate, weight, share, 0);
  }

  private static Routing routing(
      Version stable, @Nullable Version candidate, int weight, double share, int untimedCopies) {
    return new Routing(
        "r1",
        stable.backend(),
        candidate == null ? null : candidate.backend(),
        null,
        weight,
        share,
        untimedCopies,
        5000,
        null);
  }

  private static Client client(Router router) {
    return new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
  }

  private static Client admin(Router router) {
    return new Client(URI.create("http://127.0.0.1:" + router.adminPort()));
  }

  /** The statistics, once they are as wanted. */
  private JsonNode statistics(Router router, Predicate<JsonNode> wanted) throws Exception {
    Client operator = pki.operator(router);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      JsonNode found = operator.get("/statistics").json();
      if (wanted.test(found)) {
        return found;
      }
      assertThat(System.nanoTime()).as(found.toString()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  @Test
  void handsEverythingOnToTheStableVersion() throws Exception {
    Version stable =
        version(
            Version.answering(
                (request, body) ->
                    request
                        .response()
                        .setStatusCode(418)
                        .putHeader("x-mine", "yes")
                        .end(request.method() + " " + request.uri() + " " + body)));
    Router router = router(routing(stable, null, 0, 0));

    Answer answer = client(router).infer("m", BODY);
    assertThat(answer.status()).isEqualTo(418);
    assertThat(answer.body()).isEqualTo("POST /v2/models/m/infer " + BODY);
    assertThat(answer.headers()).containsEntry("x-mine", List.of("yes"));
    assertThat(answer.headers()).containsEntry("hone-version", List.of("stable"));
    assertThat(client(router).get("/v2/models/m?x=1").body()).isEqualTo("GET /v2/models/m?x=1 ");
    assertThat(client(router).infer("m", "x".repeat((1 << 20) + 1)).status()).isEqualTo(413);
  }

  @Test
  void usesConnectionsAgain() throws Exception {
    Version stable = version(Version.of(1, 0));
    Router router = router(routing(stable, null, 0, 0));
    Client client = client(router);
    for (int i = 0; i < 200; i++) {
      assertThat(client.infer("m", BODY).status()).isEqualTo(200);
    }
    // One for each event loop that a client's connection may be on, and a few that were renewed.
    assertThat(stable.connections()).isLessThan(Runtime.getRuntime().availableProcessors() + 10);
  }

  @Test
  void spreadsRequestsByWeight() throws Exception {
    Version stable = version(Version.of(1, 0));
    Version candidate = version(Version.of(1, 0));
    Router router = router(routing(stable, candidate, 25, 0));
    Client client = client(router);
    int total = 2000;
    for (int i = 0; i < total; i++) {
      assertThat(client.infer("m", BODY).status()).isEqualTo(200);
    }
    // Six standard deviations: 0.25 +- 0.058.
    assertThat(candidate.requests() / (double) total).isCloseTo(0.25, within(0.058));
    assertThat(stable.requests() + candidate.requests()).isEqualTo(total);

    JsonNode counted = pki.operator(router).get("/statistics").json();
    assertThat(counted.path("stable").path("requests").asInt()).isEqualTo(stable.requests());
    assertThat(counted.path("candidate").path("requests").asInt()).isEqualTo(candidate.requests());
    assertThat(counted.path("candidate").path("errors").asInt()).isZero();
    long inHistogram =
        counted
            .path("candidate")
            .path("latency")
            .valueStream()
            .mapToLong(bucket -> bucket.path("count").asLong())
            .sum();
    assertThat(inHistogram).isEqualTo(candidate.requests());
    assertThat(counted.path("candidate").path("p99Micros").asLong())
        .isGreaterThanOrEqualTo(counted.path("candidate").path("p50Micros").asLong())
        .isPositive();
  }

  @Test
  void onlyInferenceGoesToTheCandidate() throws Exception {
    Version stable = version(Version.of(1, 0));
    Version candidate = version(Version.of(1, 0));
    Router router = router(routing(stable, candidate, 100, 0));
    assertThat(client(router).get("/v2/models/m").headers())
        .containsEntry("hone-version", List.of("stable"));
    assertThat(client(router).infer("m", BODY).headers())
        .containsEntry("hone-version", List.of("candidate"));
  }

  @Test
  void comparesASampleAfterTheAnswer() throws Exception {
    CompletableFuture<Void> hold = new CompletableFuture<>();
    Version stable = version(Version.of(3, 1));
    Version candidate =
        version(
            Version.answering(
                request -> hold.thenRun(() -> request.response().end(Version.answer(1, 3.5)))));
    Router router = router(routing(stable, candidate, 0, 1));

    // The candidate does not answer yet, and nobody waits for it.
    assertThat(client(router).infer("m", BODY).data("logits")).containsExactly("3.0", "1.0");
    hold.complete(null);

    JsonNode counted =
        statistics(router, found -> found.path("comparisons").path("samples").asInt() == 1);
    JsonNode logits = counted.path("comparisons").path("outputs").path("logits");
    assertThat(logits.path("rows").asInt()).isEqualTo(1);
    assertThat(logits.path("sameTop").asInt()).isZero();
    assertThat(logits.path("maxAbs").asDouble()).isEqualTo(2.5);
    assertThat(logits.path("maxRelativeL2").asDouble())
        .isCloseTo(Math.sqrt((4 + 6.25) / 10), within(1e-9));
    assertThat(counted.path("shadow").path("requests").asInt()).isEqualTo(1);
    assertThat(counted.path("candidate").path("requests").asInt()).isZero();
  }

  @Test
  void aSlowCandidateIsNotGivenMoreAtOnceThanTheClientsHaveOnTheirWay() throws Exception {
    CompletableFuture<Void> hold = new CompletableFuture<>();
    Version stable = version(Version.of(3, 1));
    Version candidate =
        version(
            Version.answering(
                request -> hold.thenRun(() -> request.response().end(Version.answer(3, 1)))));
    Router router = router(routing(stable, candidate, 0, 1));
    for (int i = 0; i < 20; i++) {
      client(router).infer("m", BODY);
    }
    // One client asks, whose last request may or may not count as answered yet.
    JsonNode counted = statistics(router, found -> found.path("dropped").asInt() >= 18);
    assertThat(candidate.requests()).isBetween(1, 2);
    hold.complete(null);
    int repeated = 20 - counted.path("dropped").asInt();
    statistics(router, found -> found.path("comparisons").path("samples").asInt() == repeated);
  }

  @Test
  void theFirstCopiesSayNothingOfTheLatency() throws Exception {
    Version stable = version(Version.of(3, 1));
    Version candidate = version(Version.of(3, 1));
    Router router = router(routing(stable, candidate, 0, 1, 3));
    // One at a time: a copy that is still on its way would keep the next from being made.
    for (int sent = 1; sent <= 5; sent++) {
      int compared = sent;
      client(router).infer("m", BODY);
      statistics(router, found -> found.path("comparisons").path("samples").asInt() == compared);
    }
    JsonNode counted = pki.operator(router).get("/statistics").json();
    assertThat(counted.path("shadow").path("requests").asInt()).isEqualTo(5);
    assertThat(answersTimed(counted.path("shadow"))).isEqualTo(2);
    assertThat(answersTimed(counted.path("stable"))).isEqualTo(5);
  }

  private static int answersTimed(JsonNode version) {
    return version
        .path("latency")
        .valueStream()
        .mapToInt(bucket -> bucket.path("count").asInt())
        .sum();
  }

  @Test
  void comparesWhatTheCandidateAnsweredToo() throws Exception {
    Version stable = version(Version.of(3, 1));
    Version candidate = version(Version.of(3, 1));
    Router router = router(routing(stable, candidate, 100, 1));
    client(router).infer("m", BODY);
    JsonNode counted =
        statistics(router, found -> found.path("comparisons").path("samples").asInt() == 1);
    assertThat(counted.path("comparisons").path("outputs").path("logits").path("sameTop").asInt())
        .isEqualTo(1);
    assertThat(counted.path("shadow").path("requests").asInt()).isZero();
    assertThat(stable.requests()).isEqualTo(1);
  }

  @Test
  void countsNotANumber() throws Exception {
    Version stable = version(Version.of(3, 1));
    Version candidate = version(Version.of(Double.NaN, 1));
    Router router = router(routing(stable, candidate, 0, 1));
    client(router).infer("m", BODY);
    JsonNode counted =
        statistics(router, found -> found.path("comparisons").path("samples").asInt() == 1);
    assertThat(counted.path("comparisons").path("nan").asInt()).isEqualTo(1);
  }

  @Test
  void theStableVersionAnswersWhereTheCandidateFails() throws Exception {
    Version stable = version(Version.of(1, 0));
    Version candidate =
        version(Version.answering(request -> request.response().setStatusCode(500).end("{}")));
    Router router = router(routing(stable, candidate, 100, 1));
    for (int i = 0; i < 20; i++) {
      Answer answer = client(router).infer("m", BODY);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.headers()).containsEntry("hone-version", List.of("stable"));
    }
    JsonNode counted = pki.operator(router).get("/statistics").json();
    assertThat(counted.path("candidate").path("requests").asInt()).isEqualTo(20);
    assertThat(counted.path("candidate").path("errors").asInt()).isEqualTo(20);
    assertThat(counted.path("rescued").asInt()).isEqualTo(20);
  }

  @Test
  void aRequestThatIsAtFaultIsNoErrorOfTheCandidate() throws Exception {
    Version stable =
        version(Version.answering(request -> request.response().setStatusCode(400).end("{}")));
    Version candidate =
        version(Version.answering(request -> request.response().setStatusCode(400).end("{}")));
    Router router = router(routing(stable, candidate, 100, 0));
    assertThat(client(router).infer("m", BODY).status()).isEqualTo(400);
    JsonNode counted = pki.operator(router).get("/statistics").json();
    assertThat(counted.path("candidate").path("errors").asInt()).isZero();
    assertThat(counted.path("stable").path("errors").asInt()).isZero();
  }

  @Test
  void aCandidateThatIsGoneFailsNoRequest() throws Exception {
    Version stable = version(Version.of(1, 0));
    Version candidate = version(Version.of(1, 0));
    Router router = router(routing(stable, candidate, 100, 0));
    candidate.stop();
    assertThat(client(router).infer("m", BODY).status()).isEqualTo(200);
    assertThat(
            pki.operator(router).get("/statistics").json().path("candidate").path("errors").asInt())
        .isEqualTo(1);
  }

  @Test
  void aConnectionThatIsCutBeforeTheAnswerIsTriedAgain() throws Exception {
    AtomicBoolean cut = new AtomicBoolean(true);
    Version stable =
        version(
            Version.answering(
                request -> {
                  if (cut.getAndSet(false)) {
                    request.connection().close();
                  } else {
                    request.response().end(Version.answer(1, 0));
                  }
                }));
    Router router = router(routing(stable, null, 0, 0));
    assertThat(client(router).infer("m", BODY).status()).isEqualTo(200);
    assertThat(stable.requests()).isEqualTo(2);
    JsonNode counted = pki.operator(router).get("/statistics").json();
    assertThat(counted.path("stable").path("requests").asInt()).isEqualTo(1);
    assertThat(counted.path("stable").path("errors").asInt()).isZero();
  }

  @Test
  void noRequestFailsWhileTheOnlyServerRestarts() throws Exception {
    Version stable = version(Version.of(1, 0));
    Router router = router(routing(stable, null, 0, 0));
    Client client = client(router);
    AtomicBoolean go = new AtomicBoolean(true);
    CompletableFuture<List<Integer>> statuses =
        CompletableFuture.supplyAsync(
            () -> {
              List<Integer> seen = new ArrayList<>();
              while (go.get()) {
                seen.add(client.infer("m", BODY).status());
              }
              return seen;
            });
    for (int i = 0; i < 10; i++) {
      int before = stable.requests();
      while (stable.requests() < before + 20) {
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
      stable.stop();
      stable.restart();
    }
    go.set(false);
    assertThat(statuses.get(20, TimeUnit.SECONDS)).hasSizeGreaterThan(100).containsOnly(200);
  }

  @Test
  void saysThatNothingCanBeReached() throws Exception {
    Version stable = version(Version.of(1, 0));
    Routing routing = routing(stable, null, 0, 0);
    stable.stop();
    try (Router router = Router.start(settings(routing, 100, 100, 0), Tracing.OFF)) {
      Answer answer = client(router).infer("m", BODY);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.headers()).containsEntry("retry-after", List.of("1"));
      assertThat(answer.error()).startsWith("no connection to a server within ");
      assertThat(
              pki.operator(router).get("/statistics").json().path("stable").path("errors").asInt())
          .isEqualTo(1);
    }
  }

  @Test
  void keepsCountingWhereTheRevisionStays() throws Exception {
    Version stable = version(Version.of(1, 0));
    Router router = router(routing(stable, null, 0, 0));
    client(router).infer("m", BODY);
    Client operator = pki.operator(router);
    assertThat(
            operator
                .send(
                    operator
                        .request("/configuration")
                        .PUT(
                            HttpRequest.BodyPublishers.ofByteArray(
                                routing(stable, null, 0, 0).document())))
                .status())
        .isEqualTo(204);
    client(router).infer("m", BODY);
    assertThat(
            pki.operator(router).get("/statistics").json().path("stable").path("requests").asInt())
        .isEqualTo(2);
  }

  @Test
  void publishesMetrics() throws Exception {
    Version stable = version(Version.of(3, 1));
    Version candidate = version(Version.of(3, 1));
    Router router = router(routing(stable, candidate, 0, 1));
    client(router).infer("m", BODY);
    statistics(router, found -> found.path("comparisons").path("samples").asInt() == 1);
    assertThat(admin(router).get("/metrics").body().lines())
        .contains(
            "hone_router_requests_total{%s,version=\"stable\",} 1.0".formatted(LABELS),
            "hone_router_requests_total{%s,version=\"shadow\",} 1.0".formatted(LABELS),
            "hone_router_comparisons_total{%s,} 1.0".formatted(LABELS),
            "hone_router_request_duration_seconds_count{%s,version=\"stable\",} 1.0"
                .formatted(LABELS),
            "hone_router_same_top_rows_total{%s,output=\"logits\",} 1.0".formatted(LABELS),
            "# TYPE hone_router_request_duration_seconds histogram");
  }

  @Test
  void tellsItsClientsToGoWhileItDrains() throws Exception {
    Version stable = version(Version.of(1, 0));
    Router router = Router.start(settings(routing(stable, null, 0, 0), 100, 100, 1), Tracing.OFF);
    Client client = client(router);
    Client admin = admin(router);
    assertThat(client.infer("m", BODY).headers()).doesNotContainKey("connection");
    Thread leaving = Thread.ofPlatform().start(router::drain);
    while (admin.get("/health/ready").status() == 200) {
      Thread.onSpinWait();
    }
    Answer answer = client.infer("m", BODY);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).containsEntry("connection", List.of("close"));
    leaving.join();
  }
}
