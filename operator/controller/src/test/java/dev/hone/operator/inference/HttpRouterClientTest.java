package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RouterSecret;
import dev.hone.operator.tls.ControlCertificates;
import dev.hone.operator.tls.TestAuthority;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operator and a router know each other by their certificates. */
class HttpRouterClientTest {
  private static final Owner OWNER = new Owner("InferenceDeployment", "team", "spam", "uid");
  private static final Owner OTHER = new Owner("InferenceDeployment", "team", "ham", "other");
  private static final Pod POD =
      new PodBuilder().withNewStatus().withPodIP("127.0.0.1").endStatus().build();

  private final Vertx vertx = Vertx.vertx();
  private final TestAuthority authority = new TestAuthority(Clock.systemUTC());
  private final ControlCertificates certificates = authority.control(Clock.systemUTC());
  private final List<String> taken = new CopyOnWriteArrayList<>();
  private final StandInRouter router = new StandInRouter();
  private HttpRouterClient client;

  /** A machine that is busy may need longer for the first handshake than a router is given. */
  @BeforeAll
  static void loadClasses() {
    HttpRouterClientTest first = new HttpRouterClientTest();
    first.start();
    first.present(first.certificates, OWNER);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!first.client.configure(OWNER, POD, "{}")) {
      assertThat(System.nanoTime()).isLessThan(deadline);
    }
    first.stop();
  }

  @BeforeEach
  void start() {
    router.handle(
        "/configuration",
        exchange -> {
          taken.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          StandInRouter.answer(exchange, 204, "");
        });
    router.handle(
        "/golden-set",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          StandInRouter.answer(exchange, 400, "{\"error\": \"requests is missing\"}");
        });
    router.handle(
        "/statistics", exchange -> StandInRouter.answer(exchange, 200, "{\"revision\": \"r1\"}"));
    client = new HttpRouterClient(vertx, router.port(), certificates::operator);
  }

  @AfterEach
  void stop() {
    router.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private void present(ControlCertificates of, Owner owner) {
    router.present(of.router(RouterSecret.host(owner)).files());
  }

  @Test
  void talksToARouterOfTheResource() {
    present(certificates, OWNER);
    assertThat(client.configure(OWNER, POD, "{\"weight\": 5}")).isTrue();
    assertThat(taken).containsExactly("{\"weight\": 5}");
    assertThat(client.measurement(OWNER, POD, "r1")).isPresent();
    assertThat(client.measurement(OWNER, POD, "r2")).isEmpty();
    assertThat(client.golden(OWNER, POD, "r1")).isEmpty();
    assertThat(client.check(OWNER, POD, "{}")).contains("requests is missing");
  }

  @Test
  void usesAConnectionAgain() {
    present(certificates, OWNER);
    for (int i = 0; i < 20; i++) {
      assertThat(client.configure(OWNER, POD, "{}")).isTrue();
    }
    // The next request may come while the last connection is still on its way back to the pool.
    assertThat(router.connections()).isBetween(1, 3);
  }

  @Test
  void tellsARouterOfAnotherResourceNothing() {
    present(certificates, OTHER);
    assertThat(client.configure(OWNER, POD, "{}")).isFalse();
    assertThat(client.check(OWNER, POD, "{}")).contains("it gives no answer");
    assertThat(client.measurement(OWNER, POD, "r1")).isEmpty();
    assertThat(taken).isEmpty();
    assertThat(client.configure(OTHER, POD, "{}")).isTrue();
    // The same address, and a connection that is good for the other name alone.
    assertThat(client.configure(OWNER, POD, "{}")).isFalse();
  }

  @Test
  void tellsARouterOfAnotherAuthorityNothing() {
    present(new TestAuthority(Clock.systemUTC()).control(Clock.systemUTC()), OWNER);
    assertThat(client.configure(OWNER, POD, "{}")).isFalse();
    assertThat(taken).isEmpty();
  }

  @Test
  void anotherReplicaIsKnownToo() {
    present(certificates, OWNER);
    var other =
        new HttpRouterClient(vertx, router.port(), authority.control(Clock.systemUTC())::operator);
    assertThat(client.configure(OWNER, POD, "1")).isTrue();
    assertThat(other.configure(OWNER, POD, "2")).isTrue();
    assertThat(taken).containsExactly("1", "2");
  }

  @Test
  void aRouterOfTheLastAuthorityKeepsWhatItHas() {
    present(certificates, OWNER);
    assertThat(client.configure(OWNER, POD, "old")).isTrue();
    authority.replace();
    assertThat(client.configure(OWNER, POD, "new")).isFalse();
    assertThat(taken).containsExactly("old");
  }

  @Test
  void speaksNothingButTls() throws Exception {
    HttpServer plain =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    plain.createContext(
        "/",
        exchange -> {
          taken.add(exchange.getRequestURI().getPath());
          StandInRouter.answer(exchange, 204, "");
        });
    plain.start();
    try {
      var other = new HttpRouterClient(vertx, plain.getAddress().getPort(), certificates::operator);
      assertThat(other.configure(OWNER, POD, "{}")).isFalse();
      assertThat(taken).isEmpty();
    } finally {
      plain.stop(0);
    }
  }

  @Test
  void aRouterWithoutAnAddressIsNotAsked() {
    assertThat(client.configure(OWNER, new PodBuilder().build(), "{}")).isFalse();
  }
}
