package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.metrics.ModelMeters;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of mixed rows and lengths get from shared runs what each would get alone. */
@Timeout(120)
class BatchingParityTest {
  private static final Map<String, Long> FILL = Map.of("input_ids", 1L, "attention_mask", 0L);
  private static final List<String> OUTPUTS = List.of("logits", "token_scores");

  private final ModelStatistics statistics =
      new ModelStatistics(ModelMeters.of(new SimpleMeterRegistry(), "m", "1"), Clock.systemUTC());

  @ParameterizedTest
  @ValueSource(strings = {"", "8", "16,64"})
  void sharedRunsAnswerAsSingleOnes(String lengths) throws Exception {
    Padding padding =
        new Padding(
            FILL,
            Arrays.stream(lengths.split(","))
                .filter(length -> !length.isEmpty())
                .map(Integer::valueOf)
                .toList());
    List<BatchRequest> requests = requests(padding);
    List<List<Tensor>> alone = new ArrayList<>();
    try (OnnxBackend backend = load()) {
      for (BatchRequest request : requests) {
        alone.add(backend.run(request.inputs(), OUTPUTS));
      }
    }
    BatchLimits limits = new BatchLimits(16, requests.size(), Duration.ofHours(1));
    List<CompletableFuture<List<Tensor>>> answers = new ArrayList<>();
    try (Batcher batcher = new Batcher("spam", load(), limits, statistics)) {
      // All of them wait before the worker takes the first.
      requests.forEach(request -> answers.add(batcher.submit(request)));
      batcher.start();
      for (int index = 0; index < answers.size(); index++) {
        List<Tensor> shared = answers.get(index).get(60, TimeUnit.SECONDS);
        assertSame(alone.get(index), shared);
      }
    }
    assertThat(statistics.executions()).isLessThan(requests.size() / 3);
    assertThat(statistics.rows()).isEqualTo(requests.stream().mapToInt(BatchRequest::rows).sum());
  }

  private static OnnxBackend load() throws Exception {
    return Backends.onCpu(Models.REPOSITORY.resolve("spam/1/model.onnx"));
  }

  private static List<BatchRequest> requests(Padding padding) {
    Random random = new Random(7);
    List<BatchRequest> requests = new ArrayList<>();
    for (int index = 0; index < 120; index++) {
      int rows = 1 + random.nextInt(3);
      int length = 1 + random.nextInt(40);
      long[] ids = random.longs((long) rows * length, 4, 65).toArray();
      long[] mask = new long[ids.length];
      Arrays.fill(mask, 1);
      Shape shape = Shape.of(rows, length);
      requests.add(
          new BatchRequest(
                  Map.of(
                      "input_ids", NumericTensor.ofLongs("input_ids", shape, ids),
                      "attention_mask", NumericTensor.ofLongs("attention_mask", shape, mask)),
                  OUTPUTS,
                  rows,
                  null)
              .padded(padding, length));
    }
    return requests;
  }

  private static void assertSame(List<Tensor> alone, List<Tensor> shared) {
    for (int output = 0; output < alone.size(); output++) {
      NumericTensor expected = (NumericTensor) alone.get(output);
      NumericTensor actual = (NumericTensor) shared.get(output);
      assertThat(actual.name()).isEqualTo(expected.name());
      assertThat(actual.shape()).isEqualTo(expected.shape());
      for (int index = 0; index < expected.elements(); index++) {
        // Another length is summed in another order.
        assertThat(actual.floating(index))
            .isCloseTo(expected.floating(index), org.assertj.core.data.Offset.offset(1e-4));
      }
    }
  }
}
