package dev.hone.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command in this process: what it leaves in the repository, and what it refuses. */
class WriteRepositoryTest {
  @TempDir Path folder;
  private Path artifact;
  private Path written;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void prepare() throws IOException {
    artifact = Models.copySpam(folder.resolve("models"));
    written = folder.resolve("repository/spam");
    environment.put("HONE_MODEL_REPOSITORY", folder.resolve("models").toString());
    environment.put("HONE_MODEL_DIGEST", Models.digest(artifact));
    environment.put("HONE_TRITON_REPOSITORY", folder.resolve("repository").toString());
    environment.put(
        "HONE_TERMINATION_LOG", Files.createFile(folder.resolve("termination-log")).toString());
  }

  private int run() {
    return new WriteRepository(environment).run();
  }

  private JsonNode told() throws IOException {
    return new ObjectMapper().readTree(folder.resolve("termination-log").toFile());
  }

  private void assertRefused(String reason, String sentence) throws IOException {
    assertThat(run()).isEqualTo(64);
    assertThat(told().path("reason").asText()).isEqualTo(reason);
    assertThat(told().path("message").asText()).contains(sentence);
    assertThat(written).doesNotExist();
  }

  @Test
  void theArtifactAndItsConfigurationAreThere() throws Exception {
    assertThat(run()).isZero();

    for (String file : new String[] {"manifest.json", "model.onnx", "tokenizer.json"}) {
      assertThat(written.resolve("1").resolve(file)).hasSameBinaryContentAs(artifact.resolve(file));
    }
    assertThat(written.resolve("config.pbtxt"))
        .content()
        .contains("name: \"spam\"", "max_batch_size: 16", environment.get("HONE_MODEL_DIGEST"));
    assertThat(written.resolve("labels.txt")).hasContent("ham\nspam\n");
    assertThat(told().path("digest").asText()).isEqualTo(environment.get("HONE_MODEL_DIGEST"));
  }

  @Test
  void aSecondRunReplacesWhatIsThere() throws Exception {
    assertThat(run()).isZero();
    Files.writeString(written.resolve("1/left"), "x");
    Files.createDirectories(folder.resolve("repository/.spam/1"));
    environment.put("HONE_MAX_BATCH", "4");

    assertThat(run()).isZero();

    assertThat(written.resolve("1/left")).doesNotExist();
    assertThat(folder.resolve("repository/.spam")).doesNotExist();
    assertThat(written.resolve("config.pbtxt")).content().contains("max_batch_size: 4");
    assertThat(artifact.resolve("model.onnx")).exists();
  }

  @Test
  void whereTheArtifactIsToBeFoundLinksWillDo() throws Exception {
    environment.put("HONE_ARTIFACT_LINKS", "true");

    assertThat(run()).isZero();

    assertThat(written.resolve("1")).isSymbolicLink();
    assertThat(written.resolve("1/model.onnx").toRealPath())
        .isEqualTo(artifact.resolve("model.onnx").toRealPath());
    assertThat(run()).isZero();
    assertThat(artifact.resolve("model.onnx")).exists();
  }

  @Test
  void weightsBesideTheModelComeWithIt() throws Exception {
    environment.put(
        "HONE_MODEL_REPOSITORY", Files.createDirectory(folder.resolve("bare")).toString());
    environment.remove("HONE_MODEL_DIGEST");
    Path source = Models.REPOSITORY.resolveSibling("models-external/shift/1");
    Path bare = Files.createDirectories(folder.resolve("bare/shift/1"));
    for (String file : new String[] {"model.onnx", "weights.data"}) {
      Files.copy(source.resolve(file), bare.resolve(file));
    }
    for (String links : new String[] {"false", "true"}) {
      environment.put("HONE_ARTIFACT_LINKS", links);

      assertThat(run()).isZero();

      // As ONNX Runtime in Triton loads it.
      Backends.onCpu(folder.resolve("repository/shift/1/model.onnx")).close();
    }
  }

  @Test
  void plansAreNamedByComputeCapability() throws Exception {
    Path plans = Files.createDirectory(folder.resolve("plans"));
    Files.writeString(plans.resolve("8.9.plan"), "plan");
    environment.put("HONE_PLANS", plans.toString());
    environment.put("HONE_TRITON_INSTANCES", "GPU");
    environment.put("HONE_ARTIFACT_LINKS", "true");

    assertThat(run()).isZero();

    assertThat(written.resolve("1/8.9.plan")).hasContent("plan").isRegularFile();
    assertThat(artifact.resolve("8.9.plan")).doesNotExist();
    assertThat(written.resolve("config.pbtxt"))
        .content()
        .contains("platform: \"tensorrt_plan\"", "key: \"8.9\"", "value: \"8.9.plan\"");
  }

  @Test
  void aPlanThatDoesNotSayWhatItIsForIsRefused() throws Exception {
    Path plans = Files.createDirectory(folder.resolve("plans"));
    environment.put("HONE_PLANS", plans.toString());
    assertRefused("ConfigInvalid", "holds no plan: put one there for each compute capability");
    Files.writeString(plans.resolve("model.plan"), "plan");
    assertRefused("ConfigInvalid", "name it by their compute capability, such as 8.9.plan");
    environment.put("HONE_TRITON_INSTANCES", "CPU");
    assertRefused("ConfigInvalid", "set HONE_TRITON_INSTANCES=GPU");
  }

  @Test
  void anotherDigestIsRefused() throws Exception {
    Files.writeString(artifact.resolve("tokenizer.json"), "{}");
    assertRefused("ArtifactCorrupt", "file 'tokenizer.json' of model 'spam' is corrupt");
  }

  @Test
  void theArtifactIsNeverWrittenOver() throws Exception {
    environment.put("HONE_TRITON_REPOSITORY", environment.get("HONE_MODEL_REPOSITORY"));
    assertRefused("ConfigInvalid", "is in the repository that is to be written");
    assertThat(artifact.resolve("model.onnx")).exists();
  }

  @Test
  void aRepositoryThatCannotBeWrittenIsTriedAgain() throws Exception {
    environment.put("HONE_TRITON_REPOSITORY", Files.createFile(folder.resolve("file")).toString());
    assertThat(run()).isEqualTo(1);
    assertThat(told().path("reason").asText()).isEqualTo("OutputNotWritable");
  }
}
