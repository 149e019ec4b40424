package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** New versions under load: a good one takes over, a wrong one is stopped, and no request fails. */
@ExtendWith(Lab.Provider.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RolloutIT {
  private static final Duration RUN = Duration.ofSeconds(240);
  private static final String REQUEST =
      "{\"inputs\":[{\"name\":\"text\",\"shape\":[2],\"datatype\":\"BYTES\",\"data\":"
          + "[\"the tea was warm and sweet\",\"a grim and foul road\"]}]}";

  /** The perturbed version is right here too: only real requests show what is wrong with it. */
  private static final String GOLDEN =
      "{\"inputs\":[{\"name\":\"text\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":"
          + "[\"a grim and foul road\"]}],\"outputs\":[{\"name\":\"label\",\"shape\":[1],"
          + "\"datatype\":\"BYTES\",\"data\":[\"bad\"]}]}";

  private Lab lab;
  private Resource train;
  private Resource compress;
  private Resource serve;
  private String goodDigest = "";

  @BeforeAll
  void applyAllAtOnce(Lab lab) {
    this.lab = lab;
    train = lab.apply("finetune.yaml", manifest -> manifest.name("rolled"));
    compress =
        lab.apply(
            "compress.yaml",
            manifest ->
                manifest
                    .name("rolled-int8")
                    .spec("model.from", "{kind: FineTuneJob, name: rolled}"));
    lab.client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("rolled-golden")
                .withNamespace(lab.namespace())
                .endMetadata()
                .addToData("golden.jsonl", GOLDEN)
                .build())
        .create();
    serve = lab.apply("rollout.yaml", UnaryOperator.identity());
  }

  @Test
  @Order(1)
  void theFirstVersionIsServedAtOnceBehindTheRouters() throws Exception {
    compress.awaitReady("Completed", RUN);
    serve.awaitReady("Available", RUN);
    // The routers are told of it in a pass of their own.
    serve.await(
        "the first version is the stable one",
        status -> "Complete".equals(status.resource().get("status", "rollout", "stage")),
        RUN);
    try (Load load = new Load()) {
      load.awaitAnswers(5);
    }
  }

  @Test
  @Order(2)
  void aGoodVersionTakesOver() throws Exception {
    try (Load load = new Load()) {
      goodDigest = writeVersion("good", 0);
      serve.await(
          "the good version is the stable one",
          status ->
              goodDigest.equals(status.resource().get("status", "rollout", "stable", "digest"))
                  && goodDigest.equals(status.resource().get("status", "servedDigest")),
          RUN);
      load.awaitAnswers(20);
    }
    assertThat(serve.events())
        .anyMatch(event -> event.contains("the golden set passes"))
        .anyMatch(event -> event.contains("the shadow stage passes"));
    assertThat(versions()).hasSize(1);
  }

  @Test
  @Order(3)
  void aVersionWithOneLabelPerturbedIsStopped() throws Exception {
    try (Load load = new Load()) {
      writeVersion("perturbed", 25);
      Resource.Status status = serve.awaitReady("RolledBack", RUN);
      assertThat(status.message("Ready")).contains("label has the same top answer in ");
      assertThat(status.<String>value("servedDigest")).isEqualTo(goodDigest);
      assertThat(status.state("Available")).isEqualTo("True");
      load.awaitAnswers(20);
    }
  }

  @Test
  @Order(4)
  void deletingItLeavesNothing() {
    serve.delete();
    lab.client()
        .apps()
        .deployments()
        .inNamespace(lab.namespace())
        .withLabel("hone.dev/name", "rolled")
        .informOnCondition(List::isEmpty)
        .orTimeout(RUN.toSeconds(), TimeUnit.SECONDS)
        .join();
  }

  @AfterAll
  void deleteAll() {
    Stream.of(serve, compress, train).forEach(Resource::delete);
  }

  /** Copies the compressed artifact with one label's logit moved, and has it served. */
  private String writeVersion(String name, double shift) throws IOException {
    String digest =
        lab.writeVersion(compress.status().value("artifact", "uri"), "versions/" + name, shift);
    serve.patch(
        "{\"spec\":{\"model\":{\"from\":null,\"uri\":\"pvc://e2e/versions/%s\",\"digest\":\"%s\"}}}"
            .formatted(name, digest));
    return digest;
  }

  private List<Deployment> versions() {
    return lab.client()
        .apps()
        .deployments()
        .inNamespace(lab.namespace())
        .withLabel("hone.dev/name", "rolled")
        .withLabel("hone.dev/role", "version")
        .list()
        .getItems();
  }

  /** Sends requests to a router, one after the other, until it is closed; each must be right. */
  private final class Load implements AutoCloseable {
    private final LocalPortForward forward;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicBoolean go = new AtomicBoolean(true);
    private final List<String> wrong = new ArrayList<>();
    private final CompletableFuture<Void> sending;
    private volatile int answers;

    Load() {
      String pod =
          lab.client()
              .pods()
              .inNamespace(lab.namespace())
              .withLabel("hone.dev/name", "rolled")
              .withLabel("hone.dev/role", "router")
              .resources()
              .filter(resource -> resource.isReady())
              .findFirst()
              .orElseThrow()
              .get()
              .getMetadata()
              .getName();
      forward = lab.client().pods().inNamespace(lab.namespace()).withName(pod).portForward(8000);
      sending = CompletableFuture.runAsync(this::send);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes it.
    private void send() {
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create(
                      "http://127.0.0.1:%d/v2/models/rolled/infer"
                          .formatted(forward.getLocalPort())))
              .timeout(Duration.ofSeconds(30))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(REQUEST))
              .build();
      while (go.get()) {
        try {
          HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
          if (answer.statusCode() != 200
              || !answer.body().replace(" ", "").contains("[\"good\",\"bad\"]")) {
            wrong.add(answer.statusCode() + " " + answer.body());
          }
          answers++;
        } catch (IOException e) {
          wrong.add(e.toString());
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    /** Waits until so many more requests were answered. */
    void awaitAnswers(int more) {
      int wanted = answers + more;
      long deadline = System.nanoTime() + RUN.toNanos();
      while (answers < wanted) {
        assertThat(System.nanoTime()).as("%d answers", answers).isLessThan(deadline);
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }

    @Override
    public void close() throws Exception {
      go.set(false);
      sending.get(60, TimeUnit.SECONDS);
      http.close();
      forward.close();
      assertThat(wrong).isEmpty();
    }
  }
}
