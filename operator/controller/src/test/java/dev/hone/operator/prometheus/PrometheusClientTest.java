package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.hone.operator.tls.Credentials;
import dev.hone.operator.tls.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked, and what is made of answers that are none. */
@Timeout(60)
class PrometheusClientTest {
  private static final String ANSWER =
      "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\":"
          + " [{\"metric\": {\"__name__\": \"up\"}, \"value\": [1, \"1\"]}]}}";
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(500);

  @TempDir Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch over = new CountDownLatch(1);
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(loopback(), 0);
    server.setExecutor(threads);
    server.start();
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterEach
  void stop() {
    over.countDown();
    server.stop(0);
    threads.close();
  }

  private String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void answers(HttpHandler handler) {
    server.createContext("/", handler);
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static List<Sample> ask(
      String url, Optional<Path> token, Optional<Path> authority, Duration timeout)
      throws PrometheusException {
    return new PrometheusClient(
            PrometheusSettings.of(
                url,
                token.map(Path::toString),
                authority.map(Path::toString),
                Optional.empty(),
                timeout))
        .query("up{a=\"b&c\"}");
  }

  private List<Sample> ask(Duration timeout) throws PrometheusException {
    return ask(url(), Optional.empty(), Optional.empty(), timeout);
  }

  @Test
  void asksByPostAndShowsTheToken() throws Exception {
    answers(
        exchange -> {
          asked.add(
              "%s %s %s %s"
                  .formatted(
                      exchange.getRequestMethod(),
                      exchange.getRequestURI(),
                      exchange.getRequestHeaders().getFirst("authorization"),
                      new String(
                          exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
          send(exchange, 200, ANSWER);
        });
    Path token = Files.writeString(folder.resolve("token"), "first\n");
    assertThat(ask(url() + "/tenant/", Optional.of(token), Optional.empty(), PATIENCE))
        .containsExactly(new Sample(Map.of("__name__", "up"), 1));
    assertThat(asked)
        .containsExactly(
            "POST /tenant/api/v1/query Bearer first"
                + " query=up%7Ba%3D%22b%26c%22%7D&timeout=20000ms");
    assertThatThrownBy(
            () -> ask(url(), Optional.of(folder.resolve("none")), Optional.empty(), PATIENCE))
        .hasMessageEndingWith("is not asked, because %s cannot be read", folder.resolve("none"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          401 | ''                                      | answers 401: give the operator a token
          302 | ''                                      | answers 302 to /api/v1/query: is the chart's
          503 | <html>                                  | answers 503 to /api/v1/query: is the chart's
          422 | {"status": "error", "error": "too many"} | refuses the query: too many
          200 | <html>                                  | answers with something that is no result
          """)
  void saysWhatIsWrong(int status, String body, String half) {
    answers(
        exchange -> {
          exchange.getResponseHeaders().add("location", "/elsewhere");
          send(exchange, exchange.getRequestURI().getPath().endsWith("query") ? status : 200, body);
        });
    assertThatThrownBy(() -> ask(PATIENCE))
        .hasMessageStartingWith("Prometheus at %s %s", url(), half);
  }

  @Test
  void doesNotWaitForAnAnswerForEver() {
    answers(exchange -> waitForTheEnd());
    assertThatThrownBy(() -> ask(SHORT)).hasMessageEndingWith("gives no answer within 0.5 s");
  }

  @Test
  void doesNotWaitForTheRestOfOneForEver() {
    answers(
        exchange -> {
          exchange.sendResponseHeaders(200, 1000);
          exchange.getResponseBody().write('{');
          exchange.getResponseBody().flush();
          waitForTheEnd();
        });
    assertThatThrownBy(() -> ask(SHORT)).hasMessageEndingWith("gives no answer within 0.5 s");
  }

  private void waitForTheEnd() {
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void doesNotTakeMoreThanItCanHold() {
    byte[] part = new byte[1 << 20];
    answers(
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          for (int i = 0; i < 9; i++) {
            exchange.getResponseBody().write(part);
          }
          exchange.close();
        });
    assertThatThrownBy(() -> ask(PATIENCE))
        .hasMessageContaining("gives no answer that can be read");
  }

  @Test
  void saysWhenNobodyListens() {
    String url = url();
    server.stop(0);
    assertThatThrownBy(() -> ask(url, Optional.empty(), Optional.empty(), PATIENCE))
        .hasMessage(
            "Prometheus at %s cannot be connected to: does it run, and may the operator's pods"
                + " reach it?",
            url);
  }

  @Test
  void trustsTheAuthorityThatItIsTold() throws Exception {
    Credentials credentials =
        new TestAuthority(Clock.systemUTC()).control(Clock.systemUTC()).router("localhost");
    HttpsServer https = HttpsServer.create(loopback(), 0);
    https.setHttpsConfigurator(new HttpsConfigurator(context(credentials)));
    https.createContext("/", exchange -> send(exchange, 200, ANSWER));
    https.setExecutor(threads);
    https.start();
    try {
      String url = "https://localhost:" + https.getAddress().getPort();
      Path authority = Files.writeString(folder.resolve("ca.crt"), credentials.authorityPem());
      assertThat(ask(url, Optional.empty(), Optional.of(authority), PATIENCE)).hasSize(1);
      assertThatThrownBy(() -> ask(url, Optional.empty(), Optional.empty(), PATIENCE))
          .hasMessageContaining("cannot be talked to by TLS (")
          .hasMessageEndingWith("names the authority of its certificate");
      // Another name than that of the certificate.
      assertThatThrownBy(
              () ->
                  ask(
                      url.replace("localhost", "127.0.0.1"),
                      Optional.empty(),
                      Optional.of(authority),
                      PATIENCE))
          .hasMessageContaining("cannot be talked to by TLS (");
      Files.writeString(authority, "none");
      assertThatThrownBy(() -> ask(url, Optional.empty(), Optional.of(authority), PATIENCE))
          .hasMessageEndingWith("is not asked, because %s holds no certificates in PEM", authority);
    } finally {
      https.stop(0);
    }
  }

  private static SSLContext context(Credentials credentials) throws Exception {
    char[] password = "test".toCharArray();
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, password);
    own.setKeyEntry(
        "own",
        credentials.leaf().key(),
        password,
        new Certificate[] {credentials.leaf().certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }
}
