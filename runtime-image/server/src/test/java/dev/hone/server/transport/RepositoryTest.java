package dev.hone.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.grpc.wire.ModelStatistics;
import dev.hone.server.grpc.wire.ModelStatisticsRequest;
import dev.hone.server.grpc.wire.RepositoryIndexRequest;
import dev.hone.server.grpc.wire.RepositoryIndexResponse.ModelIndex;
import dev.hone.server.grpc.wire.RepositoryModelLoadRequest;
import dev.hone.server.grpc.wire.RepositoryModelUnloadRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.TestModels;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Loading and unloading, the index and the statistics, over REST and gRPC. */
@QuarkusTest
@TestProfile(RepositoryTest.Controlled.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects.
class RepositoryTest {
  private static final String AFFINE =
      "{\"inputs\": [{\"name\": \"x\", \"shape\": [2, 3], \"datatype\": \"FP32\", \"data\": [1, 2,"
          + " 3, 4, 5, 6]}]}";

  @TestHTTPResource("/")
  URI address;

  @TestHTTPResource(value = "/metrics", management = true)
  URI metrics;

  @Inject GrpcServer grpc;

  @Inject ServerConfig config;

  private Client client;

  /** A repository of its own, which clients may change. */
  public static final class Controlled extends TestModels {
    private static Path make() {
      try {
        Path root = Files.createTempDirectory("hone-repository");
        copy("affine/1", root);
        copy("affine/2", root);
        Models.copySpam(root);
        return root;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    private static void copy(String version, Path root) throws IOException {
      Path target = Files.createDirectories(root.resolve(version));
      Files.copy(
          Models.REPOSITORY.resolve(version).resolve("model.onnx"), target.resolve("model.onnx"));
    }

    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> settings = new HashMap<>(super.getConfigOverrides());
      settings.put("hone.model-repository", make().toString());
      settings.put("hone.model-control", "true");
      return settings;
    }
  }

  @BeforeEach
  void awaitReady() {
    client = new Client(address);
    client.awaitReady();
  }

  private Answer post(String path, String body) {
    return client.send(
        HttpRequest.newBuilder(address.resolve(path)).POST(BodyPublishers.ofString(body)));
  }

  private List<String> index(String body) {
    Answer answer = post("/v2/repository/index", body);
    assertThat(answer.status()).isEqualTo(200);
    return StreamSupport.stream(answer.json().spliterator(), false)
        .map(
            model ->
                "%s/%s %s %s"
                    .formatted(
                        model.path("name").asText(),
                        model.path("version").asText(),
                        model.path("state").asText(),
                        model.path("reason").asText())
                    .strip())
        .toList();
  }

  @Test
  void loadsAndUnloadsOverRest() {
    assertThat(index("")).containsExactly("affine/1 READY", "affine/2 READY", "spam/1 READY");

    Answer unloaded = post("/v2/repository/models/affine/unload", "");
    assertThat(unloaded.status()).as(unloaded.body()).isEqualTo(200);
    assertThat(unloaded.body()).isEmpty();
    assertThat(client.infer("affine", AFFINE).status()).isEqualTo(404);
    assertThat(client.get("/v2/health/ready").status()).as("the server stays ready").isEqualTo(200);
    assertThat(index("{}"))
        .containsExactly(
            "affine/1 UNAVAILABLE unloaded", "affine/2 UNAVAILABLE unloaded", "spam/1 READY");
    assertThat(index("{\"ready\": true}")).containsExactly("spam/1 READY");
    assertThat(new Client(metrics).get("/metrics").body()).doesNotContain("\"affine\"");

    Answer loaded = post("/v2/repository/models/affine/load", "");
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    assertThat(client.infer("affine", AFFINE).status()).isEqualTo(200);
    assertThat(client.get("/v2/models/affine").json().path("versions"))
        .hasToString("[\"1\",\"2\"]");
    assertThat(new Client(metrics).get("/metrics").body()).contains("\"affine\"");
  }

  @Test
  void aLoadTakesTheRepositoryAsItIsNow() throws Exception {
    Path third = Files.createDirectories(config.modelRepository().resolve("affine/3"));
    try {
      Files.copy(
          config.modelRepository().resolve("affine/2/model.onnx"), third.resolve("model.onnx"));
      assertThat(post("/v2/repository/models/affine/load", "").status()).isEqualTo(200);
      assertThat(client.infer("affine/versions/3", AFFINE).status()).isEqualTo(200);
      Files.writeString(third.resolve("model.onnx"), "broken");
      Answer failed = post("/v2/repository/models/affine/load", "");
      assertThat(failed.status()).isEqualTo(400);
      assertThat(failed.error()).contains("failed to load 'affine'", "is not an ONNX file");
      assertThat(client.infer("affine/versions/3", AFFINE).status())
          .as("what was loaded goes on")
          .isEqualTo(200);
    } finally {
      Files.deleteIfExists(third.resolve("model.onnx"));
      Files.delete(third);
      assertThat(post("/v2/repository/models/affine/load", "").status()).isEqualTo(200);
    }
  }

  @Test
  void refusesWhatCannotBe() {
    Answer unknown = post("/v2/repository/models/nope/load", "");
    assertThat(unknown.status()).isEqualTo(400);
    assertThat(unknown.error()).contains("failed to load 'nope': the repository has no such model");
    Answer outside = post("/v2/repository/models/..%2Fspam/load", "");
    assertThat(outside.status()).isEqualTo(400);
    Answer absent = post("/v2/repository/models/nope/unload", "");
    assertThat(absent.status()).isEqualTo(400);
    assertThat(absent.error()).contains("failed to unload 'nope': it is not loaded");
    Answer override =
        post("/v2/repository/models/spam/load", "{\"parameters\": {\"config\": \"{}\"}}");
    assertThat(override.status()).isEqualTo(400);
    assertThat(override.error()).contains("parameter 'config' is not supported");
    assertThat(post("/v2/repository/index", "no JSON").status()).isEqualTo(400);
    assertThat(index("")).contains("spam/1 READY");
  }

  @Test
  void loadsAndUnloadsOverGrpc() {
    try (GrpcClient calls = new GrpcClient(grpc.port())) {
      calls
          .service()
          .repositoryModelUnload(
              RepositoryModelUnloadRequest.newBuilder().setModelName("spam").build());
      assertThat(
              calls
                  .service()
                  .repositoryIndex(RepositoryIndexRequest.getDefaultInstance())
                  .getModelsList())
          .contains(
              ModelIndex.newBuilder()
                  .setName("spam")
                  .setVersion("1")
                  .setState("UNAVAILABLE")
                  .setReason("unloaded")
                  .build());
      assertThatThrownBy(
              () ->
                  calls
                      .service()
                      .repositoryModelUnload(
                          RepositoryModelUnloadRequest.newBuilder().setModelName("spam").build()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refused ->
                  assertThat(refused.getStatus().getCode())
                      .isEqualTo(Status.Code.INVALID_ARGUMENT));
      calls
          .service()
          .repositoryModelLoad(
              RepositoryModelLoadRequest.newBuilder().setModelName("spam").build());
      assertThat(client.infer("spam", Client.textRequest("w60")).status()).isEqualTo(200);
    }
  }

  @Test
  void statisticsSayWhatAModelHasDone() {
    assertThat(post("/v2/repository/models/affine/load", "").status()).isEqualTo(200);
    assertThat(client.infer("affine/versions/1", AFFINE).status()).isEqualTo(200);
    assertThat(client.infer("affine/versions/1", "{}").status()).isEqualTo(400);

    JsonNode answer = client.get("/v2/models/affine/versions/1/stats").json();
    JsonNode stats = answer.path("model_stats").get(0);
    assertThat(stats.path("name").asText()).isEqualTo("affine");
    assertThat(stats.path("version").asText()).isEqualTo("1");
    assertThat(stats.path("last_inference").asLong()).isPositive();
    assertThat(stats.path("inference_count").asLong()).isEqualTo(2);
    assertThat(stats.path("execution_count").asLong()).isEqualTo(1);
    JsonNode requests = stats.path("inference_stats");
    for (String counted : List.of("success", "fail", "queue", "compute_infer")) {
      assertThat(requests.path(counted).path("count").asLong()).as(counted).isEqualTo(1);
      assertThat(requests.path(counted).path("ns").asLong()).as(counted).isPositive();
    }
    assertThat(requests.path("cache_hit").path("count").asLong(-1)).isZero();
    JsonNode batch = stats.path("batch_stats").get(0);
    assertThat(batch.path("batch_size").asLong()).isEqualTo(2);
    assertThat(batch.path("compute_infer").path("count").asLong()).isEqualTo(1);

    assertThat(client.get("/v2/models/affine/stats").json().path("model_stats")).hasSize(2);
    assertThat(client.get("/v2/models/stats").json().path("model_stats")).hasSize(3);
    assertThat(client.get("/v2/models/nope/stats").status()).isEqualTo(404);

    try (GrpcClient calls = new GrpcClient(grpc.port())) {
      ModelStatistics message =
          calls
              .service()
              .modelStatistics(
                  ModelStatisticsRequest.newBuilder().setName("affine").setVersion("1").build())
              .getModelStats(0);
      assertThat(message.getInferenceCount()).isEqualTo(2);
      assertThat(message.getInferenceStats().getSuccess().getCount()).isEqualTo(1);
      assertThat(message.getInferenceStats().getFail().getNs()).isPositive();
      assertThat(message.getBatchStats(0).getBatchSize()).isEqualTo(2);
    }
  }
}
