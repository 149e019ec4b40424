package dev.hone.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {
  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong();

  @Test
  void withoutAFileEverybodyIsWelcome() {
    ApiKeys keys = new ApiKeys(Optional.empty(), now::get);

    assertThat(keys.wanted()).isFalse();
    assertThat(keys.admits(null)).isTrue();
  }

  @Test
  void aChangedFileCountsSecondsLater() throws IOException {
    Path file = write("old", 1);
    ApiKeys keys = new ApiKeys(Optional.of(file), now::get);
    assertThat(keys.admits("Bearer old")).isTrue();

    write("new", 2);
    pass(Duration.ofSeconds(6));

    assertThat(keys.admits("Bearer new")).isTrue();
    assertThat(keys.admits("Bearer old")).isFalse();
  }

  @Test
  void aFileThatIsGoneOrEmptyLeavesTheKeysAsTheyAre() throws IOException {
    Path file = write("old", 1);
    ApiKeys keys = new ApiKeys(Optional.of(file), now::get);

    write("", 2);
    pass(Duration.ofSeconds(6));
    assertThat(keys.admits("Bearer old")).isTrue();
    Files.delete(file);
    pass(Duration.ofSeconds(6));
    assertThat(keys.admits("Bearer old")).isTrue();
  }

  @Test
  void aFileWithoutAKeyIsRefusedAtTheStart() throws IOException {
    Path file = write("\n \n", 1);

    assertThatThrownBy(() -> new ApiKeys(Optional.of(file), now::get))
        .hasMessageContaining("holds no key: write one on each line");
    assertThatThrownBy(() -> new ApiKeys(Optional.of(folder.resolve("none")), now::get))
        .hasMessageContaining("which cannot be read");
  }

  private Path write(String content, int second) throws IOException {
    Path file = Files.writeString(folder.resolve("keys"), content);
    return Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(second)));
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }
}
