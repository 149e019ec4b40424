package dev.hone.server.transport;

import static dev.hone.server.testing.BinaryClient.strings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.testing.BinaryClient;
import dev.hone.server.testing.BinaryClient.BinaryAnswer;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Images;
import dev.hone.server.testing.TestModels;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Encoded images in every way that a request can carry them; the answers are the trainer's. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects.
class ImageTest {
  private static final List<String> LABELS = List.of("cat", "dog", "fox", "owl");
  private static final double TOLERANCE = 1e-5;

  @TestHTTPResource("/")
  URI address;

  @Inject GrpcServer grpc;

  private Client client;

  @BeforeEach
  void awaitReady() {
    client = new Client(address);
    client.awaitReady();
  }

  private static List<Double> probabilities(String image) {
    List<Double> exponentials = Images.logits(image).stream().map(Math::exp).toList();
    double sum = exponentials.stream().mapToDouble(Double::doubleValue).sum();
    return exponentials.stream().map(value -> value / sum).toList();
  }

  private static String label(String image) {
    List<Double> logits = Images.logits(image);
    return LABELS.get(logits.indexOf(Collections.max(logits)));
  }

  @Test
  void saysSo() {
    JsonNode metadata = client.get("/v2/models/picture").json();
    assertThat(metadata.path("parameters").path("image_input").asText()).isEqualTo("image");
    assertThat(metadata.path("inputs").get(0).path("name").asText()).isEqualTo("pixel_values");
  }

  @Test
  void answersAsTheTrainerDoes() {
    List<String> names =
        Images.expected()
            .path("cases")
            .valueStream()
            .filter(example -> example.has("logits"))
            .map(example -> example.path("image").asText())
            .toList();
    assertThat(names).hasSizeGreaterThan(30);
    for (String name : names) {
      Answer answer = client.infer("picture", Client.imageRequest(Images.file(name)));
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      assertThat(answer.data("label")).as(name).containsExactly(label(name));
      assertThat(Double.parseDouble(answer.data("score").getFirst()))
          .as(name)
          .isCloseTo(Collections.max(probabilities(name)), within(TOLERANCE));
      List<String> logits = answer.data("logits");
      for (int index = 0; index < LABELS.size(); index++) {
        assertThat(Double.parseDouble(logits.get(index)))
            .as(name)
            .isCloseTo(Images.logits(name).get(index), within(TOLERANCE));
      }
    }
  }

  @Test
  void answersManyInOneRequest() {
    List<String> names = List.of("rgb.png", "420.jpg", "gray-1-bit.png");
    Answer answer =
        client.infer(
            "picture",
            Client.imageRequest(names.stream().map(Images::file).toArray(byte[][]::new)));
    assertThat(answer.data("label"))
        .containsExactlyElementsOf(names.stream().map(ImageTest::label).toList());
  }

  @Test
  void takesTheirBytesWhereARequestCanCarryThem() {
    BinaryClient binary = new BinaryClient(address);
    byte[] file = Images.file("420.jpg");
    BinaryAnswer raw = binary.raw("picture", file);
    assertThat(raw.status()).isEqualTo(200);
    assertThat(raw.binary("logits").getFloat(0))
        .isCloseTo(Images.logits("420.jpg").getFirst().floatValue(), within((float) TOLERANCE));
    byte[] elements = strings(Images.file("rgb.png"), file);
    BinaryAnswer tail =
        binary.infer(
            "picture",
            "{\"inputs\": [{\"name\": \"image\", \"shape\": [2], \"datatype\": \"BYTES\", \"parameters\": {\"binary_data_size\": %d}}]}"
                .formatted(elements.length),
            elements);
    assertThat(tail.json().path("outputs").findValuesAsText("name"))
        .containsExactly("logits", "label", "score");
    try (GrpcClient calls = new GrpcClient(grpc.port())) {
      ModelInferRequest request =
          ModelInferRequest.newBuilder()
              .setModelName("picture")
              .addInputs(GrpcClient.tensor("image", "BYTES", 1))
              .addRawInputContents(ByteString.copyFrom(strings(file)))
              .build();
      ModelInferRequest typed =
          GrpcClient.typed(
                  "picture",
                  "image",
                  "BYTES",
                  InferTensorContents.newBuilder()
                      .addBytesContents(ByteString.copyFrom(file))
                      .build(),
                  1)
              .build();
      for (ModelInferRequest each : List.of(request, typed)) {
        assertThat(GrpcClient.raw(calls.service().modelInfer(each), "logits").getFloat(0))
            .isCloseTo(Images.logits("420.jpg").getFirst().floatValue(), within((float) TOLERANCE));
      }
    }
  }

  @Test
  void takesWhatCurlCallsAForm() {
    BinaryClient binary = new BinaryClient(address);
    byte[] file = Images.file("photo.jpg");
    String type = "application/x-www-form-urlencoded";
    assertThat(
            binary
                .post(
                    "picture",
                    file,
                    Map.of("Content-Type", type, "Inference-Header-Content-Length", "0"))
                .status())
        .isEqualTo(200);
    assertThat(
            binary
                .post(
                    "picture",
                    Client.imageRequest(file).getBytes(StandardCharsets.UTF_8),
                    Map.of("Content-Type", type))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aBadImageFailsAlone() {
    byte[] good = Images.file("rgb.png");
    List<CompletableFuture<Answer>> answers =
        Stream.of(good, new byte[] {1}, good)
            .map(file -> client.inferAsync("picture", Client.imageRequest(file)))
            .toList();
    Answer refused = answers.get(1).join();
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.error())
        .startsWith("element 0 of input 'image' is neither a PNG nor a JPEG file");
    for (int index : new int[] {0, 2}) {
      assertThat(answers.get(index).join().data("label")).containsExactly(label("rgb.png"));
    }
  }

  @Test
  void saysWhatToSendInstead() {
    byte[] file = Images.file("rgb.png");
    assertThat(
            client
                .infer(
                    "picture",
                    Client.imageRequest(
                        IntStream.range(0, 17).mapToObj(index -> file).toArray(byte[][]::new)))
                .error())
        .contains("input 'image' has 17 rows", "takes at most 16 in one request");
    assertThat(client.infer("picture", Client.imageRequest(file).replace("[1]", "[1, 1]")).error())
        .contains("takes [-1]: one PNG or JPEG file for each row");
    assertThat(client.infer("picture", Client.textRequest("cat")).error())
        .contains(
            "has no input 'text': it takes pixel_values FP32 [-1, 3, 12, 16]; or image BYTES [-1] alone");
  }
}
