package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Images;
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
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each limit, set low: what is within it is answered, what is beyond it is told so. */
@QuarkusTest
@TestProfile(LimitsTest.Low.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects.
class LimitsTest {
  private static final int CONNECTIONS = 8;

  @TestHTTPResource("/")
  URI address;

  @Inject GrpcServer grpc;

  /** One for all tests: each has a connection that it keeps. */
  private static @Nullable Client shared;

  private Client client;

  /** Low limits. */
  public static final class Low extends TestModels {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> settings = new HashMap<>(super.getConfigOverrides());
      settings.put("hone.max-json-depth", "5");
      settings.put("hone.max-unpacked", "1000");
      settings.put("hone.max-header", "2K");
      settings.put("hone.max-image-pixels", "1000");
      settings.put("hone.max-connections", Integer.toString(CONNECTIONS));
      return settings;
    }
  }

  @BeforeEach
  void awaitReady() {
    if (shared == null) {
      shared = new Client(address);
    }
    client = shared;
    client.awaitReady();
  }

  @Test
  void jsonDepth() {
    assertThat(client.infer("spam", Client.textRequest("w60")).status()).isEqualTo(200);
    Answer deep = client.infer("spam", "{\"other\": [[[[[1]]]]], \"inputs\": []}");
    assertThat(deep.status()).isEqualTo(400);
    assertThat(deep.error()).contains("nests deeper than 5 levels", "or raise HONE_MAX_JSON_DEPTH");
  }

  @Test
  void unpackedSize() throws Exception {
    assertThat(sendPacked(Client.textRequest("w".repeat(500))).status()).isEqualTo(200);
    Answer large = sendPacked(Client.textRequest("w".repeat(1_000)));
    assertThat(large.status()).isEqualTo(413);
    assertThat(large.error()).contains("unpacks to more than 1000 bytes", "HONE_MAX_UNPACKED");
    // Not packed, the same body is within its own limit.
    assertThat(client.infer("spam", Client.textRequest("w".repeat(1_000))).status()).isEqualTo(200);
  }

  @Test
  void pixels() {
    byte[] small = Images.file("orientation-1.jpg");
    assertThat(client.infer("picture", Client.imageRequest(small)).status()).isEqualTo(200);
    Answer large = client.infer("picture", Client.imageRequest(small, Images.file("rgb.png")));
    assertThat(large.status()).isEqualTo(400);
    assertThat(large.error())
        .contains("element 1 of input 'image' has 37 x 29 pixels, but at most 1000")
        .contains("raise HONE_MAX_IMAGE_PIXELS");
  }

  private Answer sendPacked(String body) throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream pack = new GZIPOutputStream(packed)) {
      pack.write(body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    return client.send(
        client
            .inferRequest("spam", BodyPublishers.ofByteArray(packed.toByteArray()))
            .header("Content-Encoding", "gzip"));
  }

  @Test
  void headerLength() throws Exception {
    try (RawConnection connection = new RawConnection(address)) {
      assertThat(connection.get("/v2", "x: " + "y".repeat(1_500))).contains(" 200 ");
      String refused = connection.get("/v2", "x: " + "y".repeat(2_048));
      assertThat(refused).contains(" 431 ", "2048 are allowed", "or raise HONE_MAX_HEADER");
      assertThat(connection.get("/v2")).as("the connection goes on").contains(" 200 ");
    }
  }

  @Test
  void metadataLengthOfCalls() {
    Metadata large = new Metadata();
    large.put(Metadata.Key.of("x", Metadata.ASCII_STRING_MARSHALLER), "y".repeat(3_000));
    try (GrpcClient calls = new GrpcClient(grpc.port())) {
      assertThat(calls.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .isTrue();
      assertThatThrownBy(
              () ->
                  calls
                      .service()
                      .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(large))
                      .serverLive(ServerLiveRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class);
    }
  }

  @Test
  void connections() throws Exception {
    List<RawConnection> open = new ArrayList<>();
    try {
      String answer = "";
      // The clients of other tests may hold some.
      for (int count = 0; count <= CONNECTIONS; count++) {
        RawConnection connection = new RawConnection(address);
        open.add(connection);
        answer = connection.get("/v2");
        if (!answer.contains(" 200 ")) {
          break;
        }
      }
      assertThat(answer)
          .contains(
              " 503 ",
              "retry-after",
              "more than the 8 that are allowed",
              "or raise HONE_MAX_CONNECTIONS");
      open.getLast().awaitClose();
      assertThat(open.getFirst().get("/v2")).as("an earlier connection").contains(" 200 ");
      try (RawConnection probe = new RawConnection(address)) {
        assertThat(probe.get("/v2/health/live")).as("a probe").contains(" 200 ");
      }
    } finally {
      for (RawConnection connection : open) {
        connection.close();
      }
    }
    try (RawConnection later = awaitWelcome()) {
      assertThat(later.get("/v2")).as("after they have gone").contains(" 200 ");
    }
  }

  private RawConnection awaitWelcome() throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      RawConnection next = new RawConnection(address);
      if (next.get("/v2").contains(" 200 ")) {
        return next;
      }
      next.close();
      assertThat(System.nanoTime()).as("taken in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  @Test
  void connectionsOfCalls() {
    List<GrpcClient> open = new ArrayList<>();
    try {
      for (int count = 0; count < CONNECTIONS; count++) {
        GrpcClient calls = new GrpcClient(grpc.port());
        open.add(calls);
        assertThat(calls.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
            .isTrue();
      }
      try (GrpcClient more = new GrpcClient(grpc.port())) {
        assertThatThrownBy(() -> more.service().serverLive(ServerLiveRequest.getDefaultInstance()))
            .isInstanceOfSatisfying(
                StatusRuntimeException.class,
                refused -> {
                  assertThat(refused.getStatus().getCode())
                      .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                  assertThat(refused).hasMessageContaining("9 connections are open and 8");
                });
        assertThat(
                HealthGrpc.newBlockingStub(more.channel())
                    .check(HealthCheckRequest.getDefaultInstance())
                    .getStatusValue())
            .isPositive();
        open.removeFirst().close();
        awaitAccepted(more);
      }
    } finally {
      open.forEach(GrpcClient::close);
    }
  }

  private static void awaitAccepted(GrpcClient refused) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      try {
        refused.service().serverLive(ServerLiveRequest.getDefaultInstance());
        return;
      } catch (StatusRuntimeException e) {
        assertThat(System.nanoTime()).as("taken in time").isLessThan(deadline);
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }
  }
}
