package dev.hone.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Pki;
import dev.hone.server.testing.Pki.Leaf;
import dev.hone.server.testing.TestModels;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** TLS with a certificate on both sides, by files that change while the server runs. */
@QuarkusTest
@TestProfile(TlsTest.Mutual.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class TlsTest {
  private static final String FRIEND = "friend.team.svc";
  private static final String TEXT = Client.textRequest("w60");

  @Inject GrpcServer server;

  @TestHTTPResource(value = "/", tls = true)
  URI address;

  @TestHTTPResource(value = "/", management = true)
  URI management;

  private Pki pki;

  /** Another authority for each test: the files of the start are good no more. */
  @BeforeEach
  void replaceTheFiles() throws Exception {
    new Client(management).awaitReady();
    pki = new Pki();
    Mutual.put(pki);
    await(() -> succeeds(() -> rest(friend()).get("/v2").status() == 200));
    await(() -> succeeds(() -> isLive(friend())));
  }

  @Test
  void answersClientsOfItsAuthority() throws Exception {
    assertThat(rest(friend()).infer("spam", TEXT).data("label")).containsExactly("spam");
    assertThat(isLive(friend())).isTrue();
  }

  @Test
  void refusesClientsWithoutACertificate() {
    assertThatThrownBy(() -> rest().get("/v2")).isInstanceOf(UncheckedIOException.class);
    assertThatThrownBy(() -> isLive())
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused ->
                assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }

  @Test
  void refusesClientsOfAnotherAuthority() throws Exception {
    Leaf stranger = new Pki().leaf("CN=stranger", KeyPurposeId.id_kp_clientAuth);

    assertThatThrownBy(() -> rest(stranger).get("/v2")).isInstanceOf(UncheckedIOException.class);
    assertThatThrownBy(() -> isLive(stranger)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void refusesClientsOfAnotherName() throws Exception {
    Leaf other = pki.leaf("CN=friend", "other.team.svc", KeyPurposeId.id_kp_clientAuth);

    assertThat(rest(other).get("/v2").status()).isEqualTo(403);
    assertThat(rest(other).infer("spam", TEXT).error()).isEqualTo(ClientNames.REFUSAL);
    assertThatThrownBy(() -> isLive(other)).hasMessage("PERMISSION_DENIED: " + ClientNames.REFUSAL);
    // Connections that begin where others ended are looked at as well.
    for (int again = 0; again < 5; again++) {
      assertThat(rest(friend()).get("/v2").status()).isEqualTo(200);
      assertThat(rest(other).get("/v2").status()).isEqualTo(403);
    }
  }

  @Test
  void speaksNothingButTls() {
    URI plain = URI.create("http://localhost:" + address.getPort());

    assertThatThrownBy(() -> new Client(plain).get("/v2")).isInstanceOf(UncheckedIOException.class);
    try (GrpcClient client = new GrpcClient(server.port())) {
      assertThatThrownBy(() -> client.service().serverLive(ServerLiveRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class);
    }
  }

  @Test
  void answersProbesOnTheManagementPort() {
    Client probe = new Client(management);

    assertThat(probe.get("/v2/health/live").status()).isEqualTo(200);
    assertThat(probe.get("/v2/health/ready").status()).isEqualTo(200);
    assertThat(probe.get("/v2/models/spam").body()).contains("\"CPUExecutionProvider\"");
    assertThat(probe.get("/v2/models/none").status()).isEqualTo(404);
  }

  private Leaf friend() throws Exception {
    return pki.leaf("CN=friend", FRIEND, KeyPurposeId.id_kp_clientAuth);
  }

  private Client rest(Leaf... leaves) throws Exception {
    return new Client(address, pki.context(leaves));
  }

  private boolean isLive(Leaf... leaves) throws Exception {
    try (GrpcClient client = new GrpcClient(server.port(), pki.keys(leaves), pki.trust())) {
      return client.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive();
    }
  }

  private static boolean succeeds(Attempt attempt) {
    try {
      return attempt.run();
    } catch (UncheckedIOException | StatusRuntimeException e) {
      return false;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("the new files count in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private interface Attempt {
    boolean run() throws Exception;
  }

  /** The server with a folder that is replaced in one step, as a mounted Secret is. */
  public static final class Mutual extends TestModels {
    private static final Path FOLDER = Path.of("target", "tls-test").toAbsolutePath();
    private static final Path CURRENT = FOLDER.resolve("current");

    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        put(new Pki());
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
      Map<String, String> overrides = new HashMap<>(super.getConfigOverrides());
      overrides.put("hone.tls", CURRENT.toString());
      overrides.put("hone.tls-client-auth", "required");
      overrides.put("hone.tls-client-name", FRIEND);
      overrides.put("quarkus.tls.hone.reload-period", "1s");
      overrides.put("quarkus.http.test-ssl-port", "0");
      return overrides;
    }

    private static void put(Pki pki) throws Exception {
      Files.createDirectories(FOLDER);
      pki.replace(CURRENT, pki.leaf("CN=spam", KeyPurposeId.id_kp_serverAuth));
    }
  }
}
