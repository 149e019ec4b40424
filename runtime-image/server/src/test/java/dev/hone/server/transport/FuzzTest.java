package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.testing.BinaryClient;
import dev.hone.server.testing.BinaryClient.BinaryAnswer;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Footprint;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Images;
import dev.hone.server.testing.TestModels;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Good requests with a few bytes changed: the client is told, the server goes on, and keeps nothing
 * of them. Ten thousand in all, or as many of each kind as hone.fuzz.requests says; what was found
 * goes into the folder hone.fuzz.figures.
 */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class FuzzTest {
  private static final int REQUESTS = Integer.getInteger("hone.fuzz.requests", 3400);

  /** After so many, the pools are full and the code is compiled. */
  private static final int WARM = REQUESTS / 2;

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
    fuzz(
        "rest",
        () -> {
          boolean text = random.nextBoolean();
          byte[] body = changed(text ? json : binary);
          BinaryAnswer answer =
              text ? client.post("spam", body, Map.of()) : client.post("affine", body, length);
          String said = new String(answer.body(), StandardCharsets.UTF_8);
          // The sum of huge numbers is right, and no JSON.
          assertThat(
                  answer.status() < 500 || answer.status() == 504 || said.contains("JSON cannot"))
              .as(said)
              .isTrue();
          return Integer.toString(answer.status());
        });
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
    try (GrpcClient client = new GrpcClient(server.port())) {
      fuzz(
          "grpc",
          () -> {
            ModelInferRequest request = message(good);
            try {
              client.service().modelInfer(request);
              return Status.Code.OK.name();
            } catch (StatusRuntimeException e) {
              assertThat(REFUSALS).as(e.getMessage()).contains(e.getStatus().getCode());
              return e.getStatus().getCode().name();
            }
          });
      assertThat(client.service().modelInfer(GrpcClient.affine(1, 2, 3).build()).getOutputsCount())
          .isEqualTo(1);
    }
  }

  @Test
  void images() {
    BinaryClient client = new BinaryClient(address);
    List<byte[]> good =
        List.of(Images.file("420.jpg"), Images.file("progressive.jpg"), Images.file("rgba.png"));
    fuzz(
        "images",
        () -> {
          BinaryAnswer answer = client.raw("picture", changed(good.get(random.nextInt(3))));
          assertThat(answer.status())
              .as(new String(answer.body(), StandardCharsets.UTF_8))
              .isIn(200, 400);
          return Integer.toString(answer.status());
        });
    assertThat(client.raw("picture", good.getFirst()).status()).isEqualTo(200);
  }

  /** Sends requests of a kind; each returns how it was answered. */
  private void fuzz(String kind, Supplier<String> request) {
    Map<String, Integer> answers = new TreeMap<>();
    Footprint warm = null;
    for (int count = 0; count < REQUESTS; count++) {
      if (count == WARM) {
        warm = Footprint.take();
      }
      try {
        answers.merge(request.get(), 1, Integer::sum);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("request %d of seed %d".formatted(count, SEED), e);
      }
    }
    Footprint last = Footprint.take();
    keep(kind, Map.of("requests", REQUESTS, "answers", answers, "warm", warm, "last", last));
    last.assertNoMoreThan(warm);
  }

  private static void keep(String kind, Map<String, Object> figures) {
    String folder = System.getProperty("hone.fuzz.figures");
    if (folder == null) {
      return;
    }
    try {
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(Path.of(folder, kind + ".json").toFile(), figures);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A changed message that still is one: what is none never reaches the service. */
  private ModelInferRequest message(List<byte[]> good) {
    while (true) {
      try {
        return ModelInferRequest.parseFrom(changed(good.get(random.nextInt(good.size()))));
      } catch (InvalidProtocolBufferException e) {
        continue;
      }
    }
  }

  /** One to three changes: bytes by chance, bytes of its own elsewhere, a piece less, or twice. */
  private byte[] changed(byte[] good) {
    byte[] body = good;
    int changes = 1 + random.nextInt(3);
    for (int change = 0; change < changes; change++) {
      int place = random.nextInt(body.length);
      int piece = Math.min(1 + random.nextInt(8), body.length - place);
      body =
          switch (random.nextInt(4)) {
            case 0 -> with(body, place, (byte) random.nextInt(256));
            case 1 -> with(body, place, body[random.nextInt(body.length)]);
            case 2 -> body.length > piece ? spliced(body, place, place + piece) : body;
            default -> spliced(body, place + piece, place);
          };
    }
    return body;
  }

  private static byte[] with(byte[] body, int place, byte value) {
    byte[] other = body.clone();
    other[place] = value;
    return other;
  }

  /** What goes up to one place, and what goes on from another. */
  private static byte[] spliced(byte[] body, int upTo, int from) {
    return ByteBuffer.allocate(upTo + body.length - from)
        .put(body, 0, upTo)
        .put(body, from, body.length - from)
        .array();
  }
}
