package dev.hone.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ONNX files that take weights from other files. */
class ExternalDataTest {
  private static final Path MODELS = Models.REPOSITORY.resolveSibling("models-external");

  /** As many characters as the location in the model has: its length stands before it. */
  private static final String WEIGHTS = "weights.data";

  @TempDir Path repository;
  private Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    folder = Files.createDirectories(repository.resolve("shift/1"));
    for (String file : List.of("model.onnx", WEIGHTS)) {
      Files.copy(MODELS.resolve("shift/1").resolve(file), folder.resolve(file));
    }
  }

  @Test
  void everyPlaceThatCanHoldATensorIsLookedAt() throws Exception {
    assertThat(ExternalData.locations(MODELS.resolve("places/1/model.onnx")))
        .containsExactlyInAnyOrder(
            "of-the-graph",
            "in-a-branch",
            "of-a-branch",
            "in-a-list",
            "in-a-list-of-graphs",
            "sparse-values",
            "sparse-indices",
            "in-a-function",
            "a-default");
    assertThat(ExternalData.locations(Models.REPOSITORY.resolve("spam/1/model.onnx"))).isEmpty();
  }

  @Test
  void listedWeightsAreLoaded() throws Exception {
    writeManifest(List.of("model.onnx", WEIGHTS));
    Artifact artifact = verify();
    try (OnnxBackend backend = Backends.onCpu(artifact.model())) {
      assertThat(backend.signature().inputs()).extracting(input -> input.name()).contains("x");
    }
  }

  @Test
  void weightsThatAreNotListedAreRefused() throws Exception {
    writeManifest(List.of("model.onnx"));
    assertRefused()
        .hasMessage(
            "'model.onnx' of model 'shift' takes weights from 'weights.data', which is not one of"
                + " the artifact's files: export it with its weights inside, or in a file beside it"
                + " that manifest.json lists");
  }

  @Test
  void weightsOutsideOfTheArtifactAreRefused() throws Exception {
    Files.write(repository.resolve("secret"), new byte[8]);
    for (String elsewhere : List.of("../../secret", "/etc/machine")) {
      takeWeightsFrom(elsewhere);
      writeManifest(List.of("model.onnx", WEIGHTS));
      assertRefused().hasMessageContaining("'" + elsewhere + "', which is outside of the artifact");
      Files.delete(folder.resolve("manifest.json"));
      assertRefused().hasMessageContaining("'" + elsewhere + "', which is outside of the artifact");
    }
  }

  @Test
  void whatIsNoPathIsRefused() throws Exception {
    takeWeightsFrom("weights\0data");
    writeManifest(List.of("model.onnx", WEIGHTS));
    assertRefused().hasMessageContaining("which is no path");
  }

  @Test
  void weightsWhoseDigestNobodyChecksAreRefused() throws Exception {
    takeWeightsFrom("weights1.bin");
    Files.move(folder.resolve(WEIGHTS), folder.resolve("weights1.bin"));
    writeManifest(List.of("model.onnx", "weights1.bin"));
    assertRefused().hasMessageContaining("'weights1.bin', which is not one of");
  }

  @Test
  void withoutAManifestTheFolderDecides() throws Exception {
    assertThat(verify().model()).isEqualTo(folder.resolve("model.onnx"));
    Files.move(folder.resolve(WEIGHTS), repository.resolve(WEIGHTS));
    Files.createSymbolicLink(folder.resolve(WEIGHTS), repository.resolve(WEIGHTS));
    assertRefused().hasMessageContaining("which is not one of the artifact's files");
  }

  @Test
  void aFileThatIsNoModelIsRefused() throws Exception {
    Files.writeString(folder.resolve("model.onnx"), "no model");
    assertThatThrownBy(this::verify)
        .isInstanceOfSatisfying(
            RepositoryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MODEL_INVALID))
        .hasMessageContaining("is not an ONNX file");
  }

  private void takeWeightsFrom(String location) throws IOException {
    byte[] model = Files.readAllBytes(MODELS.resolve("shift/1/model.onnx"));
    String text = new String(model, StandardCharsets.ISO_8859_1);
    assertThat(location).hasSameSizeAs(WEIGHTS);
    Files.write(
        folder.resolve("model.onnx"),
        text.replace(WEIGHTS, location).getBytes(StandardCharsets.ISO_8859_1));
  }

  private void writeManifest(List<String> files) throws IOException {
    Files.writeString(
        folder.resolve("manifest.json"),
        "{\"schemaVersion\": 1, \"format\": \"ONNX\", \"files\": []}");
    for (String file : files) {
      Models.listFile(folder, file);
    }
  }

  private AbstractThrowableAssert<?, ?> assertRefused() {
    return assertThatThrownBy(this::verify)
        .isInstanceOfSatisfying(
            RepositoryException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.ARTIFACT_CORRUPT));
  }

  private Artifact verify() throws RepositoryException {
    ModelFolder model = new RepositoryScanner().scan(repository).getFirst();
    return new ArtifactVerifier(new ObjectMapper()).verify(model, Optional.empty());
  }
}
