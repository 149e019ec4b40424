package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.TestModels;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each bad request is answered with a sentence, and the server goes on serving. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects the addresses.
class MalformedRequestTest {
  private static final String GOOD = Client.textRequest("w60");

  @TestHTTPResource("/")
  URI address;

  private Client client;

  @BeforeEach
  void awaitReady() {
    client = new Client(address);
    client.awaitReady();
  }

  @AfterEach
  void livesOn() {
    Answer answer = client.infer("spam", GOOD);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.data("label")).containsExactly("spam");
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          affine | {                                                   | 400 | is not valid JSON at line 1
          affine | {"inputs": []}                                      | 400 | the request has no inputs
          affine | {"inputs": [{"name": "z", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]} | 400 | model 'affine' has no input 'z': it takes x FP32 [-1, 3]
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}]} | 400 | input 'x' has datatype FP64, but model 'affine' takes FP32
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "INT64", "data": [1, 2, 3]}]} | 400 | has datatype INT64, but model 'affine' takes FP32
          affine | {"inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [1, 2, 3]}]} | 400 | input 'x' has shape [3], but model 'affine' takes [-1, 3]
          affine | {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]} | 400 | input 'x' has shape [1, 2], but model 'affine' takes [-1, 3]
          affine | {"inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [1, 2]}]} | 400 | needs 6 elements, but its data has 2
          affine | {"inputs": [{"name": "x", "shape": [-1, 3], "datatype": "FP32", "data": [1, 2, 3]}]} | 400 | holds -1: every dimension is a whole number from 0 up
          affine | {"inputs": [{"name": "x", "shape": [9223372036854775807, 3], "datatype": "FP32", "data": [1, 2, 3]}]} | 400 | more elements than one tensor holds
          affine | {"inputs": [{"name": "x", "shape": [0, 3], "datatype": "FP32", "data": []}]} | 400 | which holds no element
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, NaN]}]} | 400 | NaN and Infinity are no JSON numbers
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}], "outputs": [{"name": "z"}]} | 400 | model 'affine' has no output 'z': it gives y
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}], "outputs": [{"name": "label"}]} | 400 | model 'affine' has no output 'label'
          affine | {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3e38]}]} | 500 | Infinity in element 2 of output 'y', which JSON cannot carry
          spam   | {"inputs": [{"name": "text", "shape": [0], "datatype": "BYTES", "data": []}]} | 400 | send at least one
          spam   | {"inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["a"]}]} | 400 | takes [-1]: one text for each row
          spam   | {"inputs": [{"name": "text", "shape": [1], "datatype": "FP32", "data": [1]}]} | 400 | but model 'spam' takes BYTES
          spam   | {"inputs": [{"name": "input_ids", "shape": [1, 1], "datatype": "INT64", "data": [2]}]} | 400 | lacks input 'attention_mask' of model 'spam': it takes input_ids INT64 [-1, -1], attention_mask INT64 [-1, -1]; or text BYTES [-1] alone
          spam   | {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}, {"name": "input_ids", "shape": [1, 1], "datatype": "INT64", "data": [2]}]} | 400 | send 'text' alone
          spam   | {"inputs": [{"name": "input_ids", "shape": [1, 1], "datatype": "INT64", "data": [2]}, {"name": "attention_mask", "shape": [2, 1], "datatype": "INT64", "data": [1, 1]}]} | 400 | give every input the same number of rows
          spam   | {"inputs": [{"name": "input_ids", "shape": [1, 1], "datatype": "INT64", "data": [9999]}, {"name": "attention_mask", "shape": [1, 1], "datatype": "INT64", "data": [1]}]} | 400 | model 'spam' refuses these values
          types  | {"inputs": [{"name": "in_bytes", "shape": [1, 2], "datatype": "BYTES", "data": ["a", "b"]}]} | 400 | lacks input
          nope   | {"inputs": []}                                      | 404 | Request for unknown model: 'nope' is not found; this server has [affine, picture, spam, spin, types, wide]
          affine/versions/7 | {}                                       | 404 | 'affine' has no version 7; it has [1, 2]
          """)
  void isAnsweredWithASentence(String model, String body, int status, String sentence) {
    Answer answer = client.infer(model, body);

    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.error()).contains(sentence);
  }

  @Test
  void tooManyRows() {
    Answer answer =
        client.infer(
            "spam", Client.textRequest(Collections.nCopies(17, "w1").toArray(new String[0])));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error()).contains("has 17 rows, but model 'spam' takes at most 16");
  }

  @Test
  void anEmptyBody() {
    assertThat(client.infer("spam", "").error()).contains("the body is empty: send an object");
  }

  @Test
  void aBodyThatIsTooLarge() {
    Answer announced = client.infer("spam", "x".repeat(TestModels.MAX_BODY + 1));
    assertThat(announced.status()).isEqualTo(413);
    assertThat(announced.error())
        .contains("larger than " + TestModels.MAX_BODY + " bytes: send fewer rows at a time");

    byte[] body = new byte[TestModels.MAX_BODY * 2];
    Answer chunked =
        client.send(
            client.inferRequest(
                "spam", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))));
    assertThat(chunked.status()).isEqualTo(413);
  }

  @Test
  void brokenCompressedOrBinaryBodies() {
    HttpRequest.Builder compressed =
        client
            .inferRequest("spam", BodyPublishers.ofString(GOOD))
            .header("Content-Encoding", "gzip");
    assertThat(client.send(compressed).status()).isEqualTo(400);
    assertThat(client.send(compressed).error()).contains("the body is no gzip");
    HttpRequest.Builder unknown =
        client.inferRequest("spam", BodyPublishers.ofString(GOOD)).header("Content-Encoding", "br");
    assertThat(client.send(unknown).status()).isEqualTo(415);
    for (String length : List.of("-1", "x", "100000")) {
      HttpRequest.Builder binary =
          client
              .inferRequest("spam", BodyPublishers.ofString(GOOD))
              .header("Inference-Header-Content-Length", length);
      assertThat(client.send(binary).error()).contains("write how many of them are JSON");
    }
  }

  @Test
  void unknownRoutesAndMethods() {
    assertThat(client.get("/v1/models").status()).isEqualTo(404);
    assertThat(client.get("/v1/models").error()).contains("there is no route /v1/models: use /v2");
    Answer wrongMethod = client.get("/v2/models/spam/infer");
    assertThat(wrongMethod.status()).isEqualTo(405);
    assertThat(wrongMethod.error()).contains("takes POST only");
  }
}
