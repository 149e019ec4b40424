package dev.hone.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.testing.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactVerifierTest {
  @TempDir Path repository;
  private Path artifact;

  @BeforeEach
  void copyArtifact() throws IOException {
    artifact = Models.copySpam(repository);
  }

  private Artifact verify(Optional<String> expected) throws RepositoryException {
    ModelFolder folder = new RepositoryScanner().scan(repository).getFirst();
    return new ArtifactVerifier(new ObjectMapper()).verify(folder, expected);
  }

  private AbstractThrowableAssert<?, ?> assertRefused(Reason reason) {
    return assertThatThrownBy(() -> verify(Optional.empty()))
        .isInstanceOfSatisfying(
            RepositoryException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @Test
  void acceptsWhatItsManifestSays() throws Exception {
    String digest = Models.digest(artifact);

    Artifact verified = verify(Optional.of(digest));

    assertThat(verified.digest()).contains(digest);
    assertThat(verified.model()).isEqualTo(artifact.resolve("model.onnx"));
    assertThat(verified.tokenizer()).contains(artifact.resolve("tokenizer.json"));
    assertThat(verified.task().orElseThrow().labels()).containsExactly("ham", "spam");
  }

  @Test
  void refusesAnotherDigestThanTheExpectedOne() throws Exception {
    String found = Models.digest(artifact);
    String expected = "sha256:" + "0".repeat(64);
    assertThatThrownBy(() -> verify(Optional.of(expected)))
        .hasMessageContaining("has digest " + found)
        .hasMessageContaining(expected + " is expected");
  }

  @Test
  void namesTheCorruptFileWithBothDigests() throws Exception {
    Path model = artifact.resolve("model.onnx");
    String expected = Models.sha256(model);
    byte[] bytes = Files.readAllBytes(model);
    bytes[100] ^= 1;
    Files.write(model, bytes);

    assertRefused(Reason.ARTIFACT_CORRUPT)
        .hasMessageContaining("'model.onnx'")
        .hasMessageContaining("expected sha256 " + expected)
        .hasMessageContaining("found " + Models.sha256(model));
  }

  @Test
  void namesTheMissingFile() throws Exception {
    Files.delete(artifact.resolve("tokenizer.json"));
    assertRefused(Reason.ARTIFACT_CORRUPT)
        .hasMessageContaining("file 'tokenizer.json' of model 'spam' is missing");
  }

  @Test
  void refusesPathsOutsideOfTheArtifact() throws Exception {
    Files.writeString(repository.resolve("secret"), "x");
    Models.editManifest(
        artifact,
        manifest ->
            ((ObjectNode) manifest.get("files").get(0))
                .put("path", "../../secret")
                .put("sha256", "0".repeat(64)));
    assertRefused(Reason.ARTIFACT_CORRUPT).hasMessageContaining("outside of the artifact");
  }

  @Test
  void neverReadsFilesThatCanRunCode() throws Exception {
    Models.addFile(artifact, "optimizer.pt", "pickled");
    // Unreadable bytes behind a right entry would be noticed if it were read.
    Files.writeString(artifact.resolve("optimizer.pt"), "changed");
    assertThat(verify(Optional.empty()).digest()).isPresent();

    Models.addFile(artifact, "model.bin", "pickled");
    Models.editManifest(artifact, manifest -> manifest.put("modelPath", "model.bin"));
    assertRefused(Reason.UNSUPPORTED).hasMessageContaining("export it as ONNX");
  }

  @Test
  void refusesOtherFormatsAndVersions() throws Exception {
    Models.editManifest(artifact, manifest -> manifest.put("format", "Transformers"));
    assertRefused(Reason.UNSUPPORTED).hasMessageContaining("export it with a CompressionJob");
    Models.editManifest(artifact, manifest -> manifest.put("schemaVersion", 2));
    assertRefused(Reason.UNSUPPORTED).hasMessageContaining("schemaVersion 2");
  }

  @Test
  void refusesAManifestThatIsNone() throws Exception {
    Files.writeString(artifact.resolve("manifest.json"), "{\"schemaVersion\": ");
    assertRefused(Reason.ARTIFACT_CORRUPT).hasMessageContaining("is not a manifest");
  }

  @Test
  void needsAManifestWhereADigestIsExpected() throws Exception {
    Files.delete(artifact.resolve("manifest.json"));
    assertThat(verify(Optional.empty()).digest()).isEmpty();
    assertThatThrownBy(() -> verify(Optional.of("sha256:" + "0".repeat(64))))
        .hasMessageContaining("has no manifest.json");
    Files.delete(artifact.resolve("model.onnx"));
    assertRefused(Reason.MODEL_NOT_FOUND).hasMessageContaining("holds neither");
  }

  @Test
  void findsVersionsAndSkipsForeignFolders(@TempDir Path other) throws Exception {
    for (String folder : new String[] {"a/2", "a/10", "a/0", "a/x", ".hidden/1", "lost+found/1"}) {
      Files.createDirectories(other.resolve(folder));
    }
    assertThat(new RepositoryScanner().scan(other))
        .extracting(ModelFolder::version)
        .containsExactly("2", "10");
  }

  @Test
  void saysWhatAnEmptyOrMissingRepositoryNeeds(@TempDir Path empty) {
    assertThatThrownBy(() -> new RepositoryScanner().scan(empty))
        .hasMessageContaining("put one at <name>/<version>/");
    assertThatThrownBy(() -> new RepositoryScanner().scan(empty.resolve("nowhere")))
        .hasMessageContaining("HONE_MODEL_REPOSITORY");
  }
}
