package dev.hone.server.transport;

import static dev.hone.server.testing.BinaryClient.floats;
import static dev.hone.server.testing.BinaryClient.longs;
import static dev.hone.server.testing.BinaryClient.strings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.testing.BinaryClient;
import dev.hone.server.testing.BinaryClient.BinaryAnswer;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.TestModels;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The binary data extension, compression and parameters, over HTTP with real models. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects the address.
class BinaryDataTest {
  private static final String X =
      "{\"name\": \"x\", \"shape\": [%d, 3], \"datatype\": \"FP32\", \"parameters\":"
          + " {\"binary_data_size\": %d}}";

  @TestHTTPResource("/")
  URI address;

  private BinaryClient client;

  @BeforeEach
  void awaitReady() {
    client = new BinaryClient(address);
    new Client(address).awaitReady();
  }

  @Test
  void saysSo() {
    assertThat(new Client(address).get("/v2").json().path("extensions"))
        .anySatisfy(name -> assertThat(name.asText()).isEqualTo("binary_tensor_data"));
  }

  @Test
  void takesBinaryInputsAndAnswersJson() {
    BinaryAnswer answer =
        client.infer(
            "affine/versions/1",
            "{\"inputs\": [" + X.formatted(2, 24) + "]}",
            floats(1, 2, 3, 4, 5, 6));

    assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
    assertThat(answer.jsonLength()).isNull();
    assertThat(answer.json().path("outputs").get(0).path("data"))
        .hasToString("[3.0,5.0,7.0,9.0,11.0,13.0]");
  }

  @Test
  void answersInBinaryWhatIsAskedForSo() {
    String inputs =
        "{\"inputs\": [{\"name\": \"text\", \"shape\": [1], \"datatype\": \"BYTES\", \"data\":"
            + " [\"w60\"]}], ";
    BinaryAnswer some =
        client.infer(
            "spam",
            inputs
                + "\"outputs\": [{\"name\": \"logits\", \"parameters\": {\"binary_data\": true}},"
                + " {\"name\": \"label\"}]}");
    assertThat(some.binary("logits").asFloatBuffer())
        .isEqualTo(
            ByteBuffer.wrap(floats(-3, 3)).order(java.nio.ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
    assertThat(some.json().path("outputs").get(1).path("data")).hasToString("[\"spam\"]");

    BinaryAnswer all =
        client.infer(
            "spam",
            inputs
                + "\"parameters\": {\"binary_data_output\": true}, \"outputs\": [{\"name\":"
                + " \"score\", \"parameters\": {\"binary_data\": false}}, {\"name\": \"label\"}]}");
    assertThat(all.json().path("outputs").get(0).path("data").size()).isEqualTo(1);
    assertThat(all.binary("label"))
        .isEqualTo(ByteBuffer.wrap(strings("spam".getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void carriesWhatJsonCannot() {
    byte[] halves = {(byte) 0xC0, 0x3F, (byte) 0x80, 0x7F};
    String request =
        """
        {"inputs": [
          {"name": "in_bf16", "shape": [1, 2], "datatype": "BF16", "parameters": {"binary_data_size": 4}},
          {"name": "in_int64", "shape": [1, 2], "datatype": "INT64", "parameters": {"binary_data_size": 16}}],
         "parameters": {"binary_data_output": %s}}\
        """;
    BinaryAnswer answer =
        client.infer("wide", request.formatted("true"), halves, longs(65535, 4294967295L));

    assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
    assertThat(answer.binary("out_bf16")).isEqualTo(ByteBuffer.wrap(halves));
    assertThat(answer.binary("out_uint16").getShort(0)).isEqualTo((short) 65535);
    assertThat(answer.binary("out_uint32").getInt(4)).isEqualTo(-1);
    assertThat(answer.binary("out_uint64").getLong(8)).isEqualTo(4294967295L);
    BinaryAnswer json =
        client.infer("wide", request.formatted("false"), halves, longs(65535, 4294967295L));
    assertThat(json.status()).isEqualTo(400);
    assertThat(json.json().path("error").asText())
        .contains("ask for it with parameters.binary_data");
  }

  @Test
  void keepsNanAndInfinity() {
    BinaryAnswer answer =
        client.infer(
            "affine",
            "{\"inputs\": ["
                + X.formatted(1, 12)
                + "], \"parameters\": {\"binary_data_output\": true}}",
            floats(Float.NaN, Float.POSITIVE_INFINITY, 0));

    assertThat(answer.binary("y").getFloat(0)).isNaN();
    assertThat(answer.binary("y").getFloat(4)).isInfinite();
  }

  @Test
  void takesRawBodies() {
    BinaryAnswer numbers = client.raw("affine/versions/1", floats(1, 2, 3));
    assertThat(numbers.binary("y").getFloat(8)).isEqualTo(7);
    BinaryAnswer text = client.raw("spam", "w60".getBytes(StandardCharsets.UTF_8));
    assertThat(text.binary("label").getInt(0)).isEqualTo(4);

    assertThat(client.raw("affine", new byte[11]).json().path("error").asText())
        .contains("take 12 bytes, but has 11");
    assertThat(client.raw("types", new byte[4]).json().path("error").asText())
        .contains("has 10 inputs, so a raw body does not say which it is");
  }

  @Test
  void refusesBytesThatNobodyClaims() {
    BinaryAnswer answer =
        client.infer("affine", "{\"inputs\": [" + X.formatted(1, 12) + "]}", floats(1, 2, 3, 4));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().path("error").asText()).contains("the body has 4 bytes more than");
  }

  @Test
  void refusesTextsThatAreNoUtf8() {
    BinaryAnswer answer = client.raw("spam", new byte[] {(byte) 0xFF});
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().path("error").asText()).contains("is no UTF-8 in element 0");
  }

  @Test
  void repeatsParametersThatAreNotItsOwn() {
    String body =
        """
        {"parameters": {"trace": "t-1", "n": 3, "f": 1.5, "b": true, "timeout": 60000000},
         "inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}\
        """;
    assertThat(new Client(address).infer("affine", body).json().path("parameters"))
        .hasToString("{\"trace\":\"t-1\",\"n\":3,\"f\":1.5,\"b\":true}");
  }

  @Test
  void givesUpWhenTheTimeoutPasses() {
    String body =
        """
        {"parameters": {"timeout": 1}, "inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}\
        """;
    Client.Answer answer = new Client(address).infer("affine", body);
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.error()).contains("deadline passed");
  }

  @Test
  void takesCompressedBodiesUpToTheLimit() {
    byte[] good = Client.textRequest("w60").getBytes(StandardCharsets.UTF_8);
    Map<String, UnaryOperator<OutputStream>> encodings =
        Map.of("gzip", BinaryDataTest::gzip, "deflate", DeflaterOutputStream::new);
    encodings.forEach(
        (name, stream) -> {
          BinaryAnswer answer =
              client.post("spam", compress(good, stream), Map.of("Content-Encoding", name));
          assertThat(answer.status()).as(name).isEqualTo(200);

          byte[] bomb = compress(new byte[TestModels.MAX_BODY + 1], stream);
          assertThat(bomb.length).isLessThan(10_000);
          BinaryAnswer refused = client.post("spam", bomb, Map.of("Content-Encoding", name));
          assertThat(refused.status()).as(name).isEqualTo(413);
          assertThat(refused.json().path("error").asText())
              .contains("unpacks to more than", "raise HONE_MAX_UNPACKED");
        });
  }

  private static OutputStream gzip(OutputStream target) {
    try {
      return new GZIPOutputStream(target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] compress(byte[] plain, UnaryOperator<OutputStream> stream) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (OutputStream target = stream.apply(compressed)) {
      target.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return compressed.toByteArray();
  }
}
