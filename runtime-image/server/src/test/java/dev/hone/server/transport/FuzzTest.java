package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.testing.BinaryClient;
import dev.hone.server.testing.BinaryClient.BinaryAnswer;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Images;
import dev.hone.server.testing.TestModels;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Thousands of good requests with a few bytes changed: the client is told, the server goes on. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class FuzzTest {
  private static final int REQUESTS = 1500;
  private static final long SEED = 20261124;
  private static final String BINARY =
      "{\"inputs\": [{\"name\": \"x\", \"shape\": [1, 3], \"datatype\": \"FP32\", \"parameters\": {\"binary_data_size\": 12}}]}";
  private static final Set<Status.Code> REFUSALS =
      Set.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.NOT_FOUND,
          Status.Code.RESOURCE_EXHAUSTED,
          Status.Code.DEADLINE_EXCEEDED);

  @Inject GrpcServer server;

  @TestHTTPResource("/")
  URI address;

  private final Random random = new Random(SEED);

  @BeforeEach
  void awaitReady() {
    new Client(address).awaitReady();
  }

  @Test
  void rest() {
    BinaryClient client = new BinaryClient(address);
    byte[] json = Client.textRequest("w60").getBytes(StandardCharsets.UTF_8);
    byte[] head = BINARY.getBytes(StandardCharsets.UTF_8);
    byte[] binary = ByteBuffer.allocate(head.length + 12).put(head).array();
    Map<String, String> length =
        Map.of("Inference-Header-Content-Length", Integer.toString(head.length));
    for (int count = 0; count < REQUESTS; count++) {
      boolean text = random.nextBoolean();
      byte[] body = changed(text ? json : binary);
      BinaryAnswer answer =
          text ? client.post("spam", body, Map.of()) : client.post("affine", body, length);
      String said = new String(answer.body(), StandardCharsets.UTF_8);
      // The sum of huge numbers is right, and no JSON.
      assertThat(answer.status() < 500 || answer.status() == 504 || said.contains("JSON cannot"))
          .as("request %d of seed %d: %s", count, SEED, said)
          .isTrue();
    }
    assertThat(client.post("spam", json, Map.of()).status()).isEqualTo(200);
  }

  @Test
  void grpc() {
    List<byte[]> good =
        List.of(
            GrpcClient.affine(1, 2, 3).build().toByteArray(),
            ModelInferRequest.newBuilder()
                .setModelName("spam")
                .addInputs(GrpcClient.tensor("text", "BYTES", 1))
                .addRawInputContents(
                    ByteString.copyFrom(
                        BinaryClient.strings("w60".getBytes(StandardCharsets.UTF_8))))
                .build()
                .toByteArray());
    int sent = 0;
    try (GrpcClient client = new GrpcClient(server.port())) {
      for (int count = 0; count < REQUESTS; count++) {
        ModelInferRequest request;
        try {
          request = ModelInferRequest.parseFrom(changed(good.get(random.nextInt(2))));
        } catch (InvalidProtocolBufferException e) {
          continue; // What is no message never reaches the service.
        }
        sent++;
        try {
          client.service().modelInfer(request);
        } catch (StatusRuntimeException e) {
          assertThat(REFUSALS)
              .as("request %d of seed %d: %s", count, SEED, e.getMessage())
              .contains(e.getStatus().getCode());
        }
      }
      assertThat(sent).isGreaterThan(REQUESTS / 10);
      assertThat(client.service().modelInfer(GrpcClient.affine(1, 2, 3).build()).getOutputsCount())
          .isEqualTo(1);
    }
  }

  @Test
  void images() {
    BinaryClient client = new BinaryClient(address);
    List<byte[]> good =
        List.of(Images.file("420.jpg"), Images.file("progressive.jpg"), Images.file("rgba.png"));
    for (int count = 0; count < REQUESTS; count++) {
      BinaryAnswer answer = client.raw("picture", changed(good.get(random.nextInt(3))));
      assertThat(answer.status())
          .as(
              "request %d of seed %d: %s",
              count, SEED, new String(answer.body(), StandardCharsets.UTF_8))
          .isIn(200, 400);
    }
    assertThat(client.raw("picture", good.getFirst()).status()).isEqualTo(200);
  }

  private byte[] changed(byte[] good) {
    byte[] body = good.clone();
    int changes = 1 + random.nextInt(3);
    for (int change = 0; change < changes; change++) {
      body[random.nextInt(body.length)] = (byte) random.nextInt(256);
    }
    return body;
  }
}
