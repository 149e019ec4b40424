package dev.hone.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.grpc.wire.ServerMetadataRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.RawConnection;
import dev.hone.server.testing.TestModels;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server whose clients need a key. */
@QuarkusTest
@TestProfile(KeyTest.WithKeys.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class KeyTest {
  @Inject GrpcServer server;

  @TestHTTPResource("/")
  URI address;

  @BeforeEach
  void awaitReady() {
    new Client(address).awaitReady();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Authorization: Bearer second", "authorization: bearer  first "})
  void answersThoseWithAKey(String line) throws IOException {
    assertThat(get("/v2", line)).contains(" 200 ", "hone-server");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Accept: */*",
        "Authorization: Bearer third",
        "Authorization: Bearer",
        "Authorization: Bearer secon",
        "Authorization: Basic second"
      })
  void tellsTheOthersWhatToSend(String line) throws IOException {
    assertThat(get("/v2/models/spam", line))
        .contains(" 401 ", "www-authenticate: bearer", "send the header Authorization: Bearer KEY");
  }

  @Test
  void probesNeedNone() throws IOException {
    assertThat(get("/v2/health/live")).contains(" 200 ");
  }

  @Test
  void callsNeedOneToo() {
    try (GrpcClient client = new GrpcClient(server.port())) {
      var service = client.service();
      assertThatThrownBy(() -> service.serverMetadata(ServerMetadataRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refused -> {
                assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
                assertThat(refused.getMessage()).contains("Authorization: Bearer KEY");
              });
      Metadata key = new Metadata();
      key.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer first");
      assertThat(
              service
                  .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(key))
                  .serverMetadata(ServerMetadataRequest.getDefaultInstance())
                  .getName())
          .isEqualTo("hone-server");
      assertThat(service.serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
      assertThat(
              HealthGrpc.newBlockingStub(client.channel())
                  .check(HealthCheckRequest.getDefaultInstance()))
          .isNotNull();
    }
  }

  private String get(String path, String... lines) throws IOException {
    try (RawConnection connection = new RawConnection(address)) {
      return connection.get(path, lines);
    }
  }

  /** The server with a file of keys. */
  public static final class WithKeys extends TestModels {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> overrides = new HashMap<>(super.getConfigOverrides());
      try {
        Path file = Files.createTempFile("keys", "");
        file.toFile().deleteOnExit();
        overrides.put(
            "hone.api-key-file", Files.writeString(file, "first\n\n second \n").toString());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return overrides;
    }
  }
}
