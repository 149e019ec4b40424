package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.access.ApiKeys;
import dev.hone.server.config.ClientAuth;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Pki;
import dev.hone.server.testing.Pki.Leaf;
import dev.hone.server.tracing.Tracing;
import io.grpc.StatusRuntimeException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A router whose clients need a certificate and a key, before versions that take routers alone. */
@Timeout(60)
class RouterTlsTest {
  private static final String BODY = "{\"inputs\": []}";
  private static final String KEY = "a key of the test";
  private static final String VERSIONS = "spam-version.team.svc";
  private static final long LOOK_MILLIS = 20;

  @TempDir Path folder;
  @AutoClose private final Running running = new Running();

  /** The authority of clients and of what they are shown, and the operator's. */
  private final Pki clients = new Pki();

  private final Pki own = new Pki();
  private Path shown;
  private Path keys;

  RouterTlsTest() throws Exception {}

  @BeforeEach
  void writeFiles() throws Exception {
    shown = folder.resolve("clients");
    clients.replace(shown, clients.leaf("CN=spam", KeyPurposeId.id_kp_serverAuth));
    keys = Files.writeString(folder.resolve("keys"), "another\n" + KEY + "\n");
  }

  private Path files(String name, Leaf leaf) throws Exception {
    return own.write(Files.createDirectory(folder.resolve(name)), leaf);
  }

  private Version version(double... logits) throws Exception {
    return versionFor(VERSIONS, logits);
  }

  private Version versionFor(String name, double... logits) throws Exception {
    Path files =
        files(
            "version" + System.nanoTime(),
            own.leaf("CN=hone-version", name, KeyPurposeId.id_kp_serverAuth));
    return running.add(Version.of(files, logits));
  }

  private Router router(Version stable, @Nullable Version candidate, double share)
      throws Exception {
    Routing routing =
        new Routing(
            "r1",
            stable.backend(),
            candidate == null ? null : candidate.backend(),
            null,
            0,
            share,
            0,
            5000,
            VERSIONS);
    Path tls =
        files(
            "router",
            own.leaf(
                "CN=hone-router",
                "localhost",
                KeyPurposeId.id_kp_serverAuth,
                KeyPurposeId.id_kp_clientAuth));
    return running.add(
        Router.start(
            AnyPorts.settings(
                Optional.of(Files.write(folder.resolve("routing.json"), routing.document())),
                Optional.of(tls),
                AnyPorts.MAX_BODY,
                500,
                new ClientAccess(
                    Optional.of(shown), ClientAuth.REQUIRED, Optional.of(keys), LOOK_MILLIS)),
            Tracing.OFF));
  }

  private Leaf friend() throws Exception {
    return clients.leaf("CN=friend", KeyPurposeId.id_kp_clientAuth);
  }

  private static URI address(Router router) {
    return URI.create("https://localhost:" + router.httpPort());
  }

  private Client client(Router router, Leaf... leaves) throws Exception {
    return new Client(address(router), clients.context(leaves));
  }

  private static Answer infer(Client client, String key) {
    return client.send(
        client
            .inferRequest("m", HttpRequest.BodyPublishers.ofString(BODY))
            .header("Authorization", "Bearer " + key));
  }

  private Client operator(Router router) throws Exception {
    return new Client(
        URI.create("https://localhost:" + router.controlPort().orElseThrow()),
        own.context(own.leaf("CN=hone-operator", KeyPurposeId.id_kp_clientAuth)));
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  @Test
  void clientsNeedACertificateAndAKey() throws Exception {
    Router router = router(version(1, 0), null, 0);
    Client friend = client(router, friend());

    assertThat(infer(friend, KEY).data("logits")).containsExactly("1.0", "0.0");
    Answer refused = infer(friend, "wrong");
    assertThat(refused.status()).isEqualTo(401);
    assertThat(refused.error()).isEqualTo(ApiKeys.REFUSAL);
    assertThat(refused.headers()).containsEntry("www-authenticate", List.of("Bearer"));
    assertThat(friend.infer("m", BODY).status()).isEqualTo(401);
    // The body of a request that is refused does not stand in the way of the next one.
    assertThat(friend.infer("m", "x".repeat(500_000)).status()).isEqualTo(401);
    assertThat(infer(friend, KEY).status()).isEqualTo(200);
    assertThat(friend.get("/v2/health/ready").status()).isEqualTo(200);
    assertThat(friend.get("/v2/models/m").status()).isEqualTo(401);

    assertThatThrownBy(() -> infer(client(router), KEY)).isInstanceOf(UncheckedIOException.class);
    Leaf stranger = own.leaf("CN=friend", KeyPurposeId.id_kp_clientAuth);
    assertThatThrownBy(() -> infer(client(router, stranger), KEY))
        .isInstanceOf(UncheckedIOException.class);
    Client plain = new Client(URI.create("http://localhost:" + router.httpPort()));
    assertThatThrownBy(() -> plain.get("/v2/health/ready"))
        .isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void soDoCallsOfGrpc() throws Exception {
    Router router = router(version(1, 0), null, 0);
    ModelInferRequest request = ModelInferRequest.newBuilder().setModelName("m").build();
    try (GrpcClient friend =
        new GrpcClient(router.grpcPort(), clients.keys(friend()), clients.trust())) {
      assertThatThrownBy(() -> friend.service().modelInfer(request))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessage("UNAUTHENTICATED: " + ApiKeys.REFUSAL);
    }
    try (GrpcClient nobody = new GrpcClient(router.grpcPort(), clients.keys(), clients.trust())) {
      assertThatThrownBy(() -> nobody.service().modelInfer(request))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageStartingWith("UNAVAILABLE");
    }
  }

  @Test
  void copiesAndGoldenSetsAreSentOverTls() throws Exception {
    Version stable = version(3, 1);
    Version candidate = version(3, 1.5);
    Router router = router(stable, candidate, 1);
    Client friend = client(router, friend());
    Client operator = operator(router);
    await(
        () -> {
          assertThat(infer(friend, KEY).status()).isEqualTo(200);
          return operator.get("/statistics").json().at("/comparisons/samples").asInt() >= 50;
        });
    // One for each event loop, one of the golden set, and a few that were renewed.
    int connections = Runtime.getRuntime().availableProcessors() + 10;
    assertThat(stable.connections()).isLessThan(connections);
    assertThat(candidate.connections()).isLessThan(connections);

    String set =
        "{\"revision\": \"r1\", \"digest\": \"d1\", \"model\": \"m\", \"requests\": [{\"body\":"
            + " {\"inputs\": []}}]}";
    assertThat(
            operator
                .send(operator.request("/golden-set").PUT(HttpRequest.BodyPublishers.ofString(set)))
                .status())
        .isEqualTo(204);
    await(() -> operator.get("/statistics").json().at("/goldenSet/done").asBoolean());
    JsonNode golden = operator.get("/statistics").json().path("goldenSet");
    assertThat(golden.path("compared").asInt()).as(golden.toString()).isEqualTo(1);
    assertThat(golden.path("outputs").path("logits").path("maxAbs").asDouble()).isEqualTo(0.5);
  }

  @Test
  void nothingIsSentToWhoeverHasACertificateForAnotherName() throws Exception {
    Version other = versionFor("other-version.team.svc", 1, 0);
    Answer answer = infer(client(router(other, null, 0), friend()), KEY);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.error()).contains(VERSIONS);
    assertThat(other.requests()).isZero();
  }

  @Test
  void versionsTakeNobodyWithoutACertificate() throws Exception {
    Version version = version(1, 0);
    Client direct = new Client(URI.create("https://localhost:" + version.port()), own.context());
    assertThatThrownBy(() -> infer(direct, KEY)).hasCauseInstanceOf(IOException.class);
    assertThat(version.requests()).isZero();
  }

  @Test
  void noRequestFailsWhileAnotherCertificateIsPutInPlace() throws Exception {
    Router router = router(version(1, 0), null, 0);
    List<String> failures = new ArrayList<>();
    AtomicBoolean go = new AtomicBoolean(true);
    Client kept = client(router, friend());
    CompletableFuture<Integer> load =
        CompletableFuture.supplyAsync(
            () -> {
              int sent = 0;
              while (go.get()) {
                try {
                  // On one connection that goes on, and on another that begins.
                  for (Client each : List.of(kept, client(router, friend()))) {
                    Answer answer = infer(each, KEY);
                    if (answer.status() != 200) {
                      failures.add(answer.body());
                    }
                    sent++;
                  }
                } catch (Exception e) {
                  failures.add(e.toString());
                }
              }
              return sent;
            });
    for (int change = 0; change < 5; change++) {
      Leaf next = clients.leaf("CN=spam", KeyPurposeId.id_kp_serverAuth);
      clients.replace(shown, next);
      await(() -> next.certificate().equals(shownBy(router)));
    }
    go.set(false);
    assertThat(load.get(30, TimeUnit.SECONDS)).isGreaterThan(10);
    assertThat(failures).isEmpty();
  }

  @Test
  void filesThatAreNoGoodLeaveTheLastOnesInUse() throws Exception {
    Router router = router(version(1, 0), null, 0);
    X509Certificate before = shownBy(router);
    Path broken = Files.createDirectory(folder.resolve("broken"));
    clients.write(broken, "CN=spam");
    Files.writeString(broken.resolve("tls.crt"), "no certificate");
    Files.delete(shown);
    Files.createSymbolicLink(shown, broken);
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10 * LOOK_MILLIS));

    assertThat(shownBy(router)).isEqualTo(before);
    assertThat(infer(client(router, friend()), KEY).status()).isEqualTo(200);

    Leaf next = clients.leaf("CN=spam", KeyPurposeId.id_kp_serverAuth);
    clients.replace(shown, next);
    await(() -> next.certificate().equals(shownBy(router)));
  }

  /** The certificate that a new connection is shown. */
  private X509Certificate shownBy(Router router) {
    try {
      SSLContext context = clients.context(friend());
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket("localhost", router.httpPort())) {
        socket.startHandshake();
        return (X509Certificate) socket.getSession().getPeerCertificates()[0];
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void saysThatFilesAreMissing() {
    Vertx vertx = Vertx.vertx();
    running.add(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
    Path nowhere = folder.resolve("nowhere");
    assertThatThrownBy(() -> new ClientTls(vertx, nowhere, ClientAuth.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("HONE_TLS is " + nowhere + ", whose files are no good: ");
  }
}
