package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.TestModels;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server in this process, over HTTP, with real models. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects the addresses.
class ServerTest {
  @TestHTTPResource("/")
  URI address;

  @TestHTTPResource(value = "/metrics", management = true)
  URI metrics;

  private Client client;

  @BeforeEach
  void awaitReady() {
    client = new Client(address);
    client.awaitReady();
  }

  @Test
  void saysWhatItIs() {
    JsonNode server = client.get("/v2").json();
    assertThat(server.path("name").asText()).isEqualTo("hone-server");
    assertThat(server.path("version").asText()).isNotEmpty();
    assertThat(server.path("extensions").valueStream().map(JsonNode::asText))
        .contains("classification", "model_repository", "statistics");
    assertThat(client.get("/v2/health/live").json().path("live").asBoolean()).isTrue();
    assertThat(client.get("/v2/health/ready").json().path("ready").asBoolean()).isTrue();
  }

  @Test
  void describesItsModels() throws Exception {
    JsonNode spam = client.get("/v2/models/spam").json();
    assertThat(spam.path("platform").asText()).isEqualTo("onnxruntime_onnx");
    assertThat(spam.path("versions")).hasToString("[\"1\"]");
    assertThat(spam.path("inputs").get(0))
        .hasToString("{\"name\":\"input_ids\",\"datatype\":\"INT64\",\"shape\":[-1,-1]}");
    assertThat(spam.path("outputs").get(0))
        .hasToString("{\"name\":\"logits\",\"datatype\":\"FP32\",\"shape\":[-1,2]}");
    JsonNode parameters = spam.path("parameters");
    assertThat(parameters.path("provider").asText()).isEqualTo("CPUExecutionProvider");
    assertThat(parameters.path("digest").asText())
        .isEqualTo(Models.digest(Models.REPOSITORY.resolve("spam/1")));
    assertThat(parameters.path("task").asText()).isEqualTo("TextClassification");
    assertThat(parameters.path("labels")).hasToString("[\"ham\",\"spam\"]");
    assertThat(client.get("/v2/models/affine").json().path("versions"))
        .hasToString("[\"1\",\"2\"]");
    assertThat(client.get("/v2/models/affine/versions/1").status()).isEqualTo(200);
    assertThat(client.get("/v2/models/affine/versions/1/ready").json().path("ready").asBoolean())
        .isTrue();
    assertThat(client.get("/v2/models/spam/ready").json().path("ready").asBoolean()).isTrue();
  }

  @Test
  void letsNobodyChangeWhatIsServedUnlessToldTo() {
    for (String change : List.of("load", "unload")) {
      Answer refused =
          client.send(
              HttpRequest.newBuilder(address.resolve("/v2/repository/models/spam/" + change))
                  .POST(HttpRequest.BodyPublishers.noBody()));
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.error()).contains("is not allowed: set HONE_MODEL_CONTROL=true");
    }
    assertThat(client.infer("spam", Client.textRequest("w60")).status()).isEqualTo(200);
  }

  @Test
  void classifiesTexts() {
    Answer answer = client.infer("spam", Client.textRequest("w40 w10", "w60", "w30 unknown"));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("model_name").asText()).isEqualTo("spam");
    assertThat(answer.json().path("model_version").asText()).isEqualTo("1");
    assertThat(answer.data("label")).containsExactly("ham", "spam", "ham");
    assertThat(answer.data("logits")).containsExactly("1.0", "-1.0", "-3.0", "3.0", "0.0", "0.0");
    List<Double> scores = answer.data("score").stream().map(Double::valueOf).toList();
    assertThat(scores.get(0)).isCloseTo(1 / (1 + Math.exp(-2)), within());
    assertThat(scores.get(1)).isCloseTo(1 / (1 + Math.exp(-6)), within());
    assertThat(scores.get(2)).isCloseTo(0.5, within());
  }

  private static Offset<Double> within() {
    return Offset.offset(1e-6);
  }

  @Test
  void cutsLongTexts() {
    String text = "w60 ".repeat(22) + "w0 ".repeat(50);
    assertThat(Double.valueOf(client.infer("spam", Client.textRequest(text)).data("logits").get(1)))
        .isCloseTo(66, Offset.offset(1e-4));
  }

  @Test
  void echoesTheIdAndAnswersOnlyWhatIsAskedForInThatOrder() {
    Answer answer =
        client.infer(
            "spam",
            """
            {"id": "q-1", "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["w60"]}],
             "outputs": [{"name": "score"}, {"name": "logits", "parameters": {"classification": 2}}]}\
            """);

    assertThat(answer.json().path("id").asText()).isEqualTo("q-1");
    assertThat(answer.json().path("outputs").valueStream().map(o -> o.path("name").asText()))
        .containsExactly("score", "logits");
    assertThat(answer.data("logits")).containsExactly("3.0:1:spam", "-3.0:0:ham");
  }

  @Test
  void takesTensorsInAnyLosslessWidth() {
    Answer answer =
        client.infer(
            "spam",
            """
            {"inputs": [{"name": "input_ids", "shape": [1, 3], "datatype": "INT32", "data": [[2, 44, 1]]},
                        {"name": "attention_mask", "shape": [1, 3], "datatype": "UINT8", "data": [1, 1, 0]}],
             "outputs": [{"name": "label"}, {"name": "token_scores"}]}\
            """);

    assertThat(answer.data("label")).containsExactly("spam");
    assertThat(answer.data("token_scores")).containsExactly("0.0", "1.0", "0.0");
  }

  @Test
  void passesEveryDatatypeThrough() {
    Answer answer =
        client.infer(
            "types",
            """
            {"inputs": [
              {"name": "in_bool", "shape": [1, 2], "datatype": "BOOL", "data": [true, false]},
              {"name": "in_uint8", "shape": [1, 2], "datatype": "UINT8", "data": [0, 255]},
              {"name": "in_int8", "shape": [1, 2], "datatype": "INT8", "data": [-128, 127]},
              {"name": "in_int16", "shape": [1, 2], "datatype": "INT16", "data": [-32768, 32767]},
              {"name": "in_int32", "shape": [1, 2], "datatype": "INT32", "data": [-2147483648, 2147483647]},
              {"name": "in_int64", "shape": [1, 2], "datatype": "INT64", "data": [-9223372036854775808, 9223372036854775807]},
              {"name": "in_fp16", "shape": [1, 2], "datatype": "FP16", "data": [0.5, -65504]},
              {"name": "in_fp32", "shape": [1, 2], "datatype": "FP32", "data": [1.5, -3e38]},
              {"name": "in_fp64", "shape": [1, 2], "datatype": "FP64", "data": [0.1, 1e300]},
              {"name": "in_bytes", "shape": [1, 2], "datatype": "BYTES", "data": ["", "grün"]}]}\
            """);

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.data("out_bool")).containsExactly("true", "false");
    assertThat(answer.data("out_uint8")).containsExactly("0", "255");
    assertThat(answer.data("out_int8")).containsExactly("-128", "127");
    assertThat(answer.data("out_int16")).containsExactly("-32768", "32767");
    assertThat(answer.data("out_int32")).containsExactly("-2147483648", "2147483647");
    assertThat(answer.data("out_int64"))
        .containsExactly("-9223372036854775808", "9223372036854775807");
    assertThat(answer.data("out_fp16")).containsExactly("0.5", "-65504.0");
    assertThat(answer.data("out_fp32")).containsExactly("1.5", "-3.0E38");
    assertThat(answer.data("out_fp64")).containsExactly("0.1", "1.0E300");
    assertThat(answer.data("out_bytes")).containsExactly("", "grün");
  }

  @Test
  void answersFromTheVersionThatIsAskedFor() {
    String body =
        """
        {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}\
        """;
    assertThat(client.infer("affine/versions/1", body).data("y"))
        .containsExactly("3.0", "5.0", "7.0");
    assertThat(client.infer("affine/versions/2", body).data("y"))
        .containsExactly("3.0", "6.0", "9.0");
    Answer newest = client.infer("affine", body);
    assertThat(newest.json().path("model_version").asText()).isEqualTo("2");
  }

  @Test
  void manyClientsAtOnceEachGetTheirOwnAnswers() throws Exception {
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int index = 0; index < 200; index++) {
      String text = ("w" + index % 61 + " ").repeat(1 + index % 20).trim();
      texts.add(text);
      answers.add(client.inferAsync("spam", Client.textRequest(text)));
    }
    for (int index = 0; index < answers.size(); index++) {
      Answer answer = answers.get(index).get(60, TimeUnit.SECONDS);
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      assertThat(Float.valueOf(answer.data("logits").get(1)))
          .as(texts.get(index))
          .isCloseTo(Models.spamLogit(texts.get(index)), Offset.offset(1e-3f));
    }
  }

  @Test
  void countsUnderTritonsNames() {
    double before = metric("nv_inference_request_success{model=\"spam\",version=\"1\"}");
    double rows = metric("nv_inference_count{model=\"spam\",version=\"1\"}");
    double failed =
        metric("nv_inference_request_failure{model=\"spam\",version=\"1\",reason=\"OTHER\"}");
    client.infer("spam", Client.textRequest("w1", "w2", "w3"));
    client.infer("spam", "{}");

    String labels = "{model=\"spam\",version=\"1\"}";
    assertThat(metric("nv_inference_request_success" + labels)).isEqualTo(before + 1);
    assertThat(metric("nv_inference_count" + labels)).isEqualTo(rows + 3);
    assertThat(
            metric("nv_inference_request_failure{model=\"spam\",version=\"1\",reason=\"OTHER\"}"))
        .isEqualTo(failed + 1);
    for (String name :
        List.of(
            "nv_inference_exec_count",
            "nv_inference_request_duration_us",
            "nv_inference_compute_infer_duration_us")) {
      assertThat(metric(name + labels)).as(name).isPositive();
    }
    assertThat(metric("nv_inference_queue_duration_us" + labels)).isNotNegative();
    assertThat(metric("hone_inference_request_duration_seconds_count" + labels)).isPositive();
  }

  private double metric(String sample) {
    return new Client(metrics)
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no sample " + sample));
  }
}
