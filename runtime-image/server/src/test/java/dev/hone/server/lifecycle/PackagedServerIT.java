package dev.hone.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.OnnxEngine;
import dev.hone.server.engine.Machine;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.Images;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged server as a process of its own, as a container runs it. */
@Timeout(180)
class PackagedServerIT {
  private static final Pattern ORT_SETTING = Pattern.compile("(ORT_[A-Z_]+)=(\\S+)");

  @TempDir Path folder;

  private ServerProcess start(Map<String, String> environment, String... arguments)
      throws Exception {
    return ServerProcess.start(
        Files.createTempDirectory(folder, "process"), environment, arguments);
  }

  private static String spin(long steps) {
    return """
    {"inputs": [{"name": "n", "shape": [1], "datatype": "INT64", "data": [%d]}]}\
    """
        .formatted(steps);
  }

  @Test
  void isAliveWhileItLoadsAndReadyOnlyWhenWarm() throws Exception {
    Path slow = Models.REPOSITORY.resolveSibling("models-slow");
    try (ServerProcess server = start(Map.of("HONE_MODEL_REPOSITORY", slow.toString()))) {
      server.await(() -> server.client().get("/v2/health/live").status() == 200);
      // Its warm-up takes many runs of a slow model, so this is in the middle of it.
      assertThat(server.client().get("/v2/health/ready").status()).isEqualTo(503);
      Answer early = server.client().infer("slow", "{}");
      assertThat(early.status()).isEqualTo(503);
      assertThat(early.headers()).containsKey("retry-after");
      assertThat(early.error()).contains("still loading");
      assertThat(server.client().get("/v2/models/slow/ready").status()).isEqualTo(503);

      server.awaitReady();
      // It is said a moment after it is so.
      server.await(() -> server.log().contains("[d.h.s.l.Startup] ready"));
      String ready = "[d.h.s.l.Startup] ready";
      assertThat(server.log()).containsSubsequence("model 'slow' version 1 is warm", ready);
      assertThat(server.log()).containsSubsequence("gRPC is warm", ready);
      assertThat(server.waitsByEpoll()).isTrue();
    }
  }

  @Test
  void saysWhichFileOfTlsIsMissing() throws Exception {
    Map<String, String> settings =
        Map.of(
            "HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString(), "HONE_TLS", folder.toString());
    try (ServerProcess server = start(settings)) {
      assertThat(server.exitCode()).isEqualTo(64);
      assertThat(Files.readString(server.terminationLog()))
          .contains("\"ConfigInvalid\"", "where tls.crt cannot be read");
    }
  }

  @Test
  void finishesWhatIsInFlightAfterSigterm() throws Exception {
    try (ServerProcess server =
        start(
            Map.of(
                "HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString(),
                // Kubernetes injects such names for a service called hone-operator.
                "HONE_OPERATOR_SERVICE_HOST", "10.0.0.1",
                "HONE_DRAIN_SECONDS", "2"))) {
      server.awaitReady();
      CompletableFuture<Answer> running = server.client().inferAsync("spin", spin(4_000_000));
      CompletableFuture<Answer> waiting = sendUntilItWaits(server);

      server.terminate();
      server.await(() -> server.client().get("/v2/health/ready").status() == 503);
      assertThat(running).as("still in flight").isNotDone();
      Answer served = server.client().infer("spam", Client.textRequest("w60"));
      assertThat(served.data("label")).containsExactly("spam");
      assertThat(served.headers()).containsKey("connection");

      assertThat(running.get(120, TimeUnit.SECONDS).data("count")).containsExactly("4000000.0");
      assertThat(waiting.get(120, TimeUnit.SECONDS).data("count")).containsExactly("5.0");
      assertThat(server.exitCode()).isZero();
    }
  }

  /** A short request that came after the long one; sent at once, it may overtake that. */
  private static CompletableFuture<Answer> sendUntilItWaits(ServerProcess server) {
    while (true) {
      CompletableFuture<Answer> sent = server.client().inferAsync("spin", spin(5));
      server.await(
          () -> sent.isDone() || server.metric("nv_inference_pending_request_count", "spin") == 1);
      if (!sent.isDone()) {
        return sent;
      }
    }
  }

  @Test
  void servesTheArtifactOfTheExpectedDigest() throws Exception {
    Path repository = Files.createDirectory(folder.resolve("models"));
    String digest = Models.digest(Models.copySpam(repository));
    try (ServerProcess server =
        start(
            Map.of("HONE_MODEL_REPOSITORY", repository.toString(), "HONE_MODEL_DIGEST", digest))) {
      server.awaitReady();
      assertThat(server.client().get("/v2/models/spam").body()).contains(digest);
    }
  }

  @Test
  void decodesImages() throws Exception {
    try (ServerProcess server =
        start(Map.of("HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString()))) {
      server.awaitReady();
      for (String image : List.of("420.jpg", "rgb.png")) {
        Answer answer = server.client().infer("picture", Client.imageRequest(Images.file(image)));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      }
    }
  }

  @Test
  void buildsAnEngineAndServesIt() throws Exception {
    Path repository = Files.createDirectory(folder.resolve("models"));
    String digest = Models.digest(Models.copySpam(repository));
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "HONE_MODEL_REPOSITORY", repository.toString(),
                "HONE_ENGINES", folder.resolve("engines").toString(),
                "HONE_ENGINE_KEY", "engine-x"));
    Map<String, Object> spec =
        Map.of(
            "model", Map.of("digest", digest),
            "runtime", Map.of("provider", "CPU", "onnxRuntime", OnnxEngine.version()),
            "target", Map.of("architecture", Machine.here().architecture()),
            "profile", Map.of("batch", Map.of("min", 1, "opt", 8, "max", 8)),
            "options", Map.of("optimization", "extended"));
    environment.put("HONE_ENGINE_SPEC", new ObjectMapper().writeValueAsString(spec));
    for (boolean reused : new boolean[] {false, true}) {
      try (ServerProcess builder = start(environment, "build-engine")) {
        assertThat(builder.exitCode()).as(builder.log()).isZero();
        var result = new ObjectMapper().readTree(builder.terminationLog().toFile());
        assertThat(result.path("engine").asText()).isEqualTo("engine-x");
        assertThat(result.path("digest").asText()).startsWith("sha256:");
        assertThat(result.path("sizeBytes").asLong()).isPositive();
        assertThat(result.path("reused").asBoolean()).isEqualTo(reused);
      }
    }
    try (ServerProcess server = start(environment)) {
      server.awaitReady();
      assertThat(server.log()).contains("model 'spam' is loaded as the engine engine-x");
      assertThat(server.client().get("/v2/models/spam").body()).contains("\"engine\":\"engine-x\"");
      Answer served = server.client().infer("spam", Client.textRequest("w60"));
      assertThat(served.data("label")).containsExactly("spam");
    }
    Path engine = Path.of(environment.get("HONE_ENGINES")).resolve("engine-x");
    assertThat(engine).isDirectory();
    try (ServerProcess deletion = start(environment, "delete-engine")) {
      assertThat(deletion.exitCode()).as(deletion.log()).isZero();
      assertThat(deletion.terminationLog()).hasContent("{\"engine\":\"engine-x\"}");
    }
    assertThat(engine).doesNotExist();
    environment.put("HONE_ENGINE_SPEC", "{}");
    try (ServerProcess builder = start(environment, "build-engine")) {
      assertThat(builder.exitCode()).isEqualTo(64);
      assertThat(builder.log()).contains("HONE_ENGINE_SPEC needs model");
    }
  }

  @Test
  void writesARepositoryForTritonAndServesItItself() throws Exception {
    Path models = Files.createDirectory(folder.resolve("models"));
    String digest = Models.digest(Models.copySpam(models));
    Path repository = folder.resolve("repository");
    Map<String, String> environment =
        Map.of(
            "HONE_MODEL_REPOSITORY",
            models.toString(),
            "HONE_MODEL_DIGEST",
            digest,
            "HONE_TRITON_REPOSITORY",
            repository.toString(),
            "HONE_ARTIFACT_LINKS",
            "true");
    try (ServerProcess writer = start(environment, "model-repository")) {
      assertThat(writer.exitCode()).as(writer.log()).isZero();
    }
    assertThat(repository.resolve("spam/config.pbtxt")).exists();
    try (ServerProcess server =
        start(
            Map.of("HONE_MODEL_REPOSITORY", repository.toString(), "HONE_MODEL_DIGEST", digest))) {
      server.awaitReady();
      assertThat(server.client().get("/v2/models/spam").body()).contains(digest);
      Answer served = server.client().infer("spam", Client.textRequest("w60"));
      assertThat(served.data("label")).containsExactly("spam");
    }
  }

  @Test
  void keepsNothingForItsMakerWithTheEnvironmentOfItsImage() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "HONE_MODEL_REPOSITORY",
                Models.REPOSITORY.toString(),
                "HOME",
                home.toString(),
                "XDG_CACHE_HOME",
                home.toString()));
    ORT_SETTING
        .matcher(Files.readString(Path.of("Containerfile")))
        .results()
        .forEach(setting -> environment.put(setting.group(1), setting.group(2)));
    try (ServerProcess server = start(environment)) {
      server.awaitReady();
      server.terminate();
      assertThat(server.exitCode()).isZero();
    }
    // Without the setting: XDG_CACHE_HOME/Microsoft/DeveloperTools/.onnxruntime/deviceid.
    assertThat(home.resolve("Microsoft")).doesNotExist();
    assertThat(home.resolve(".cache/Microsoft")).doesNotExist();
  }

  @Test
  void leavesWithTheReasonWhenTheDigestIsAnother() throws Exception {
    Path repository = Files.createDirectory(folder.resolve("models"));
    Models.copySpam(repository);
    assertLeaves(
        Map.of(
            "HONE_MODEL_REPOSITORY",
            repository.toString(),
            "HONE_MODEL_DIGEST",
            "sha256:" + "0".repeat(64)),
        "ArtifactCorrupt",
        "sha256:" + "0".repeat(64) + " is expected");
  }

  @Test
  void leavesWithTheReasonWhenAFileIsCorrupt() throws Exception {
    Path repository = Files.createDirectory(folder.resolve("models"));
    Files.writeString(Models.copySpam(repository).resolve("tokenizer.json"), "{}");
    assertLeaves(
        Map.of("HONE_MODEL_REPOSITORY", repository.toString()),
        "ArtifactCorrupt",
        "file 'tokenizer.json' of model 'spam' is corrupt: expected sha256");
  }

  @Test
  void leavesWithTheReasonWhenWeightsAreOutsideOfTheArtifact() throws Exception {
    Path model = Files.createDirectories(folder.resolve("models/shift/1")).resolve("model.onnx");
    Files.copy(Models.REPOSITORY.resolveSibling("models-external/shift/1/model.onnx"), model);
    assertLeaves(
        Map.of("HONE_MODEL_REPOSITORY", folder.resolve("models").toString()),
        "ArtifactCorrupt",
        "takes weights from 'weights.data', which is not one of the artifact's files");
  }

  @Test
  void leavesWithTheReasonWhenTheWarmUpFails() throws Exception {
    Path repository = Files.createDirectory(folder.resolve("models"));
    Models.editManifest(
        Models.copySpam(repository),
        manifest -> manifest.withObject("/task").withArray("labels").add("third"));
    assertLeaves(
        Map.of("HONE_MODEL_REPOSITORY", repository.toString()),
        "ModelInvalid",
        "its manifest names 3 labels");
  }

  @Test
  void leavesWithTheReasonWhenThereIsNoModel() throws Exception {
    assertLeaves(
        Map.of("HONE_MODEL_REPOSITORY", folder.resolve("nowhere").toString()),
        "ModelNotFound",
        "mount one, or name another with HONE_MODEL_REPOSITORY");
  }

  private void assertLeaves(Map<String, String> environment, String reason, String sentence)
      throws Exception {
    try (ServerProcess server = start(environment)) {
      assertThat(server.exitCode()).as(server.log()).isEqualTo(64);
      var message = new ObjectMapper().readTree(server.terminationLog().toFile());
      assertThat(message.path("reason").asText()).isEqualTo(reason);
      assertThat(message.path("message").asText()).contains(sentence);
      assertThat(server.log()).contains(sentence);
    }
  }
}
