package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.Pki;
import dev.hone.server.tracing.Tracing;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may tell a router what to do. */
@Timeout(60)
class ControlServerTest {
  @TempDir Path folder;
  @AutoClose private final Running running = new Running();

  private final ControlPki pki;
  private Version stable;
  private Router router;

  ControlServerTest() throws Exception {
    pki = new ControlPki();
  }

  @BeforeEach
  void start() throws Exception {
    stable = running.add(Version.of(1, 0));
    router = running.add(Router.start(settings(Optional.of(pki.write(folder))), Tracing.OFF));
  }

  private static RouterSettings settings(Optional<Path> tls) {
    return AnyPorts.settings(Optional.empty(), tls);
  }

  private int port() {
    return router.controlPort().orElseThrow();
  }

  private byte[] document(String revision, int weight) {
    return new Routing(revision, stable.backend(), stable.backend(), null, weight, 0, 0, 5000, null)
        .document();
  }

  private static Answer put(Client client, byte[] document) {
    return client.send(
        client.request("/configuration").PUT(HttpRequest.BodyPublishers.ofByteArray(document)));
  }

  @Test
  void takesAConfigurationFromTheOperator() throws Exception {
    Client operator = pki.operator(router);
    Client admin = new Client(URI.create("http://127.0.0.1:" + router.adminPort()));
    Client client = new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
    assertThat(operator.get("/configuration").error()).isEqualTo("there is no configuration yet");
    assertThat(operator.get("/statistics").status()).isEqualTo(404);
    assertThat(admin.get("/health/ready").status()).isEqualTo(503);
    assertThat(client.infer("m", "{}").status()).isEqualTo(503);

    assertThat(put(operator, document("r1", 0)).status()).isEqualTo(204);
    assertThat(admin.get("/health/ready").status()).isEqualTo(200);
    client.infer("m", "{}");

    assertThat(put(operator, document("r2", 100)).status()).isEqualTo(204);
    client.infer("m", "{}");
    JsonNode counted = operator.get("/statistics").json();
    assertThat(counted.path("revision").asText()).isEqualTo("r2");
    assertThat(counted.path("weight").asInt()).isEqualTo(100);
    assertThat(counted.path("stable").path("requests").asInt()).isZero();
    assertThat(counted.path("candidate").path("requests").asInt()).isEqualTo(1);

    // A configuration that is wrong leaves the last one in force.
    Answer refused = put(operator, "{\"revision\": \"r3\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.error()).startsWith("stable is missing: write ");
    assertThat(put(operator, new byte[(1 << 20) + 1]).status()).isEqualTo(413);
    assertThat(operator.get("/configuration").json().path("revision").asText()).isEqualTo("r2");
    assertThat(operator.get("/").status()).isEqualTo(404);
  }

  @Test
  void keepsTheLastConfigurationWhenTheOperatorIsGone() throws Exception {
    assertThat(put(pki.operator(router), document("r1", 100)).status()).isEqualTo(204);
    assertThatThrownBy(() -> put(pki.client(port()), document("r2", 0)))
        .hasCauseInstanceOf(IOException.class);
    Client client = new Client(URI.create("http://127.0.0.1:" + router.httpPort()));
    assertThat(client.infer("m", "{}").headers())
        .containsEntry("hone-version", List.of("candidate"));
    Client admin = new Client(URI.create("http://127.0.0.1:" + router.adminPort()));
    assertThat(admin.get("/health/ready").status()).isEqualTo(200);
  }

  @Test
  void refusesWhoShowsNoCertificate() throws Exception {
    assertRefused(pki.client(port()));
  }

  @Test
  void refusesACertificateOfAnotherAuthority() throws Exception {
    Pki.Leaf other = new ControlPki().leaf("CN=hone-operator", KeyPurposeId.id_kp_clientAuth);
    assertRefused(pki.client(port(), other));
  }

  @Test
  void refusesACertificateThatIsForServers() throws Exception {
    // The authority signs one for the operator's own endpoint, which has this name too.
    assertRefused(pki.client(port(), pki.leaf("CN=hone-operator", KeyPurposeId.id_kp_serverAuth)));
  }

  private void assertRefused(Client client) {
    assertThatThrownBy(() -> put(client, document("r1", 0))).hasCauseInstanceOf(IOException.class);
    Client admin = new Client(URI.create("http://127.0.0.1:" + router.adminPort()));
    assertThat(admin.get("/health/ready").body()).isEqualTo("no configuration yet\n");
  }

  @Test
  void refusesAnotherName() throws Exception {
    Client other = pki.client(port(), pki.leaf("CN=hone-router", KeyPurposeId.id_kp_clientAuth));
    Answer refused = put(other, document("r1", 0));
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.error()).isEqualTo("the client's certificate is not the operator's");
    assertThat(other.get("/statistics").status()).isEqualTo(403);
    assertThat(pki.operator(router).get("/configuration").status()).isEqualTo(404);
  }

  @Test
  void speaksNothingButTls() {
    Client plain = new Client(URI.create("http://127.0.0.1:" + port()));
    assertThatThrownBy(() -> plain.get("/statistics")).hasCauseInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/configuration", "/golden-set", "/statistics"})
  void nothingOfItIsOnTheOpenPort(String path) throws Exception {
    assertThat(put(pki.operator(router), document("r1", 0)).status()).isEqualTo(204);
    Client admin = new Client(URI.create("http://127.0.0.1:" + router.adminPort()));
    assertThat(admin.get(path).status()).isEqualTo(404);
    assertThat(
            admin
                .send(
                    admin
                        .request(path)
                        .PUT(HttpRequest.BodyPublishers.ofByteArray(document("r2", 100))))
                .status())
        .isEqualTo(404);
    assertThat(pki.operator(router).get("/configuration").json().path("revision").asText())
        .isEqualTo("r1");
  }

  @Test
  void withoutACertificateThereIsNoControlPort() throws Exception {
    Router alone = running.add(Router.start(settings(Optional.empty()), Tracing.OFF));
    assertThat(alone.controlPort()).isEmpty();
  }

  @Test
  void saysWhichFileIsMissing() throws Exception {
    Files.delete(folder.resolve("ca.crt"));
    assertThatThrownBy(() -> Router.start(settings(Optional.of(folder)), Tracing.OFF))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "HONE_ROUTER_TLS is %s, where ca.crt cannot be read: name a folder with tls.crt,"
                + " tls.key and ca.crt",
            folder);
  }
}
