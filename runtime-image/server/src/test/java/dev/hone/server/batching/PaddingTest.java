package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.backend.Backend;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PaddingTest {
  private static final Map<String, Long> FILL = Map.of("input_ids", 1L, "attention_mask", 0L);

  @Test
  void bucketsGrowByTwo() {
    Padding padding = new Padding(FILL, List.of());
    assertThat(List.of(1, 16, 17, 33, 512).stream().map(padding::bucket))
        .containsExactly(16, 16, 32, 64, 512);
    assertThat(padding.target(20)).isZero();
  }

  @Test
  void givenLengthsAreTheBucketsAndWhatIsLongerKeepsItsOwn() {
    Padding padding = new Padding(FILL, List.of(128, 32));
    assertThat(List.of(1, 32, 33, 128, 129).stream().map(padding::bucket))
        .containsExactly(32, 32, 128, 128, 256);
    assertThat(List.of(1, 32, 33, 128, 129).stream().map(padding::target))
        .containsExactly(32, 32, 128, 128, 0);
  }

  @Test
  void theProbeTellsWhetherTheFillChangesTheAnswer() throws Exception {
    try (Backend masked = Backends.onCpu(Models.REPOSITORY.resolve("spam/1/model.onnx"));
        Backend mean =
            Backends.onCpu(Models.REPOSITORY.resolveSibling("models-mean/mean/1/model.onnx"))) {
      assertThat(PaddingProbe.agrees(masked, FILL)).isTrue();
      assertThat(PaddingProbe.agrees(mean, FILL)).isFalse();
    }
  }
}
