package dev.hone.server.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DecodeMemoryTest {
  private static final int SIZE = 10 * 1024;

  @Test
  void whoFindsNoneWaitsForIt() throws Exception {
    DecodeMemory memory = new DecodeMemory(SIZE);
    CompletableFuture<Void> second;
    try (DecodeMemory.Share _ = memory.take(SIZE)) {
      second = CompletableFuture.runAsync(() -> memory.take(1).close());
      while (!memory.awaited()) {
        Thread.onSpinWait();
      }
      assertThat(second).isNotDone();
    }
    second.get(30, TimeUnit.SECONDS);
    memory.take(SIZE).close();
  }

  @Test
  void holdsNoMoreThanItHas() {
    DecodeMemory memory = new DecodeMemory(SIZE);
    assertThat(memory.holds(SIZE)).isTrue();
    assertThat(memory.holds(SIZE + 1)).isFalse();
  }
}
