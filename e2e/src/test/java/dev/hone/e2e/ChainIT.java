package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The main job, smaller: three manifests at once, a served model at the end, and what may happen to
 * it afterwards.
 */
@ExtendWith(Lab.Provider.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ChainIT {
  private static final Duration RUN = Duration.ofSeconds(180);

  private Lab lab;
  private Resource fineTune;
  private Resource compress;
  private Resource serve;

  @BeforeAll
  void applyAllAtOnce(Lab lab) {
    this.lab = lab;
    serve = lab.apply("serve.yaml", UnaryOperator.identity());
    compress = lab.apply("compress.yaml", UnaryOperator.identity());
    fineTune = lab.apply("finetune.yaml", UnaryOperator.identity());
  }

  @Test
  @Order(1)
  void dependentsSayWhatTheyWaitFor() {
    assertThat(compress.awaitReady("WaitingForReference", Duration.ofSeconds(30)).message("Ready"))
        .contains("FineTuneJob tiny");
    assertThat(serve.awaitReady("WaitingForReference", Duration.ofSeconds(30)).message("Ready"))
        .contains("CompressionJob tiny-int8");
  }

  @Test
  @Order(2)
  void fineTuneShowsProgressAndCompletes() {
    fineTune.await(
        "progress is reported",
        status -> status.resource().get("status", "progress", "percent") != null,
        RUN);
    Resource.Status status = fineTune.awaitReady("Completed", RUN);
    assertThat(status.number("metrics", "after", "accuracy", "value")).isGreaterThan(90.0);
    assertThat(status.<String>value("artifact", "digest")).startsWith("sha256:");
    assertThat(status.<String>value("training", "precision")).isEqualTo("BF16");
    assertThat(status.number("training", "trainableParameters"))
        .isLessThan(status.number("training", "totalParameters"));
  }

  @Test
  @Order(3)
  void compressionPassesItsGate() {
    Resource.Status status = compress.awaitReady("Completed", RUN);
    assertThat(status.state("Accepted")).isEqualTo("True");
    assertThat(status.number("metrics", "comparison", "sizeRatio")).isLessThan(0.95);
    assertThat(status.number("metrics", "comparison", "accuracyDrop", "value"))
        .isLessThanOrEqualTo(2.0);
  }

  @Test
  @Order(4)
  void theModelIsServedAndAnswersRight() throws Exception {
    Resource.Status status =
        serve.await("Ready is True", s -> "True".equals(s.state("Ready")), RUN);
    assertThat(status.<String>value("servedDigest"))
        .isEqualTo(compress.status().<String>value("artifact", "digest"));
    assertThat(status.<String>value("provider")).isEqualTo("CPUExecutionProvider");
    assertThat(status.<String>value("endpoint")).contains("tiny-server");
    assertThat(
            lab.client()
                .policy()
                .v1()
                .podDisruptionBudget()
                .inNamespace(lab.namespace())
                .withName("tiny-server")
                .get())
        .isNotNull();
    try (LocalPortForward forward = forward()) {
      HttpResponse<String> answer =
          infer(forward, texts("the tea was warm and sweet", "a grim and foul road"));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body().replace(" ", "")).contains("[\"good\",\"bad\"]");
    }
  }

  @Test
  @Order(5)
  void aBadRequestGetsASentenceAndTheServerLivesOn() throws Exception {
    List<String> bad =
        List.of(
            "{",
            "{\"inputs\":[]}",
            "{\"inputs\":[{\"name\":\"txt\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"tea\"]}]}",
            "{\"inputs\":[{\"name\":\"text\",\"shape\":[2],\"datatype\":\"BYTES\",\"data\":[\"tea\"]}]}",
            "{\"inputs\":[{\"name\":\"text\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1.0]}]}",
            "{\"inputs\":[{\"name\":\"input_ids\",\"shape\":[1,-1],\"datatype\":\"INT64\",\"data\":[1]}]}");
    try (LocalPortForward forward = forward()) {
      for (String body : bad) {
        HttpResponse<String> answer = infer(forward, body);
        assertThat(answer.statusCode()).as(body).isEqualTo(400);
        assertThat(answer.body()).as(body).contains("\"error\"");
      }
      assertThat(infer(forward, texts("a kind song")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  @Order(6)
  void aResourceRestoredWithoutItsStatusFindsItsArtifact() {
    String digest = fineTune.status().value("artifact", "digest");
    fineTune.delete();
    fineTune = lab.apply("finetune.yaml", UnaryOperator.identity());
    Resource.Status status = fineTune.awaitReady("Reused", RUN);
    assertThat(status.<String>value("artifact", "digest")).isEqualTo(digest);
    assertThat(serve.status().state("Ready")).isEqualTo("True");
  }

  @Test
  @Order(7)
  void aRejectedNewVersionLeavesTheOldOneServing() {
    String served = serve.status().value("servedDigest");
    compress.patch("{\"spec\":{\"rerun\":\"2\",\"gate\":{\"minSpeedup\":1000}}}");
    Resource.Status status = compress.awaitReady("Rejected", RUN);
    assertThat(status.state("Accepted")).isEqualTo("False");
    assertThat(status.message("Accepted")).contains("1000");
    Resource.Status serving = serve.status();
    assertThat(serving.<String>value("servedDigest")).isEqualTo(served);
    assertThat(serving.state("Available")).isEqualTo("True");
  }

  @Test
  @Order(8)
  void relaxingTheGateAcceptsTheSameArtifactAndRollsThePods() {
    compress.patch("{\"spec\":{\"gate\":{\"minSpeedup\":null}}}");
    Resource.Status status =
        compress.await("it is accepted", s -> "True".equals(s.state("Accepted")), RUN);
    String digest = status.value("artifact", "digest");
    serve.await(
        "the new digest is served",
        s ->
            digest.equals(s.resource().get("status", "servedDigest"))
                && "True".equals(s.state("Ready")),
        RUN);
  }

  @Test
  @Order(9)
  void deletingEverythingLeavesNoObject() {
    serve.delete();
    compress.delete();
    fineTune.delete();
    Leftovers.awaitNone(lab);
    List<Job> jobs =
        lab.client().batch().v1().jobs().inNamespace(lab.namespace()).list().getItems();
    assertThat(jobs).extracting(HasMetadata::getFullResourceName).isEmpty();
    assertThat(lab.onVolume("ls", "/mnt/pvc/e2e/artifacts")).contains("tiny-");
  }

  private LocalPortForward forward() {
    String pod =
        lab.client()
            .pods()
            .inNamespace(lab.namespace())
            .withLabel("hone.dev/name", "tiny-server")
            .resources()
            .filter(resource -> resource.isReady())
            .findFirst()
            .orElseThrow()
            .get()
            .getMetadata()
            .getName();
    return lab.client().pods().inNamespace(lab.namespace()).withName(pod).portForward(8000);
  }

  private static String texts(String... texts) {
    return "{\"inputs\":[{\"name\":\"text\",\"shape\":[%d],\"datatype\":\"BYTES\",\"data\":[%s]}]}"
        .formatted(texts.length, "\"" + String.join("\",\"", texts) + "\"");
  }

  private static HttpResponse<String> infer(LocalPortForward forward, String body)
      throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(
                  URI.create(
                      "http://127.0.0.1:%d/v2/models/tiny-server/infer"
                          .formatted(forward.getLocalPort())))
              .timeout(Duration.ofSeconds(20))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
