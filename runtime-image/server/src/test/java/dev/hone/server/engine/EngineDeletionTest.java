package dev.hone.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineDeletionTest {
  private static final String KEY = "engine-x";

  @TempDir Path volume;
  private Path engines;

  @BeforeEach
  void prepare() throws IOException {
    engines = Files.createDirectories(volume.resolve("engines"));
  }

  private void engine(String name) throws IOException {
    Path folder = Files.createDirectories(engines.resolve(name));
    Files.writeString(folder.resolve("manifest.json"), "{}");
    Files.writeString(folder.resolve("model.onnx"), "x");
  }

  private void delete() throws EngineException {
    new EngineDeletion(engines).delete(KEY);
  }

  @Test
  void theEngineGoesAndWhatABuilderLeftOfItAndNoOther() throws Exception {
    engine(KEY);
    engine("." + KEY);
    engine("engine-y");

    delete();

    assertThat(engines).isDirectoryNotContaining(path -> path.toString().endsWith(KEY));
    assertThat(engines.resolve("engine-y/model.onnx")).exists();
  }

  @Test
  void withTheLastOneItsFolderGoesAndNothingAboveIt() throws Exception {
    engine(KEY);

    delete();

    assertThat(engines).doesNotExist();
    assertThat(volume).exists();
  }

  @Test
  void whatIsNotThereIsAsGoodAsDeleted() throws Exception {
    Files.delete(engines);

    delete();

    assertThat(engines).doesNotExist();
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Path other = Files.createDirectories(volume.resolve("other"));
    Files.writeString(other.resolve("precious"), "x");
    engine(KEY);
    Files.createSymbolicLink(engines.resolve(KEY).resolve("link"), other);

    delete();

    assertThat(other.resolve("precious")).exists();
  }

  @Test
  void aLinkInItsPlaceStays() throws Exception {
    Path other = Files.createDirectories(volume.resolve("other"));
    Files.writeString(other.resolve("manifest.json"), "{}");
    Files.createSymbolicLink(engines.resolve(KEY), other);

    EngineException refusal = catchThrowableOfType(EngineException.class, this::delete);

    assertThat(refusal.reason()).isEqualTo(EngineException.Reason.CONFIG_INVALID);
    assertThat(refusal).hasMessageContaining("is no folder");
    assertThat(other.resolve("manifest.json")).exists();
  }
}
