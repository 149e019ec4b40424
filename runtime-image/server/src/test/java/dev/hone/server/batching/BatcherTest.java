package dev.hone.server.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.backend.Backend;
import dev.hone.server.backend.BackendException;
import dev.hone.server.backend.Signature;
import dev.hone.server.inference.Deadline;
import dev.hone.server.inference.InferenceException;
import dev.hone.server.metrics.ModelMeters;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import dev.hone.server.tracing.RequestSpan;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batcher over real models; a gate before each run makes the order of events certain. */
@Timeout(60)
class BatcherTest {
  private static final int MAX_ROWS = 8;
  private static final int MAX_QUEUE = 10;

  private final ModelStatistics statistics =
      new ModelStatistics(ModelMeters.of(new SimpleMeterRegistry(), "m", "1"), Clock.systemUTC());
  private Gate gate;
  private Batcher batcher;

  @BeforeEach
  void start() throws Exception {
    serve("spam");
  }

  private void serve(String model) throws Exception {
    gate = new Gate(Backends.onCpu(Models.REPOSITORY.resolve(model).resolve("1/model.onnx")));
    BatchLimits limits = new BatchLimits(MAX_ROWS, MAX_QUEUE, Duration.ofMinutes(1));
    batcher = new Batcher(model, gate, limits, statistics);
    batcher.start();
  }

  @AfterEach
  void stop() {
    gate.permits.release(1000);
    batcher.close();
  }

  @Test
  void whatWaitsSharesARunAndEachGetsItsOwnAnswer() throws Exception {
    CompletableFuture<List<Tensor>> first = batcher.submit(tokens(44));
    gate.awaitArrival();
    List<CompletableFuture<List<Tensor>>> others = new ArrayList<>();
    for (int word = 0; word < MAX_QUEUE; word++) {
      others.add(batcher.submit(tokens(4 + word, 64 - word)));
    }
    gate.permits.release(3);

    assertThat(spamLogit(first)).isEqualTo(1f);
    for (int word = 0; word < MAX_QUEUE; word++) {
      assertThat(spamLogit(others.get(word))).isEqualTo(0f);
      assertThat(tokenScores(others.get(word)))
          .containsExactly((word - 30) / 10f, (30 - word) / 10f);
    }
    assertThat(gate.rows).containsExactly(1L, (long) MAX_ROWS, 2L);
    assertThat(statistics.executions()).isEqualTo(3);
    assertThat(statistics.rows()).isEqualTo(11);
  }

  @Test
  void textsOfOneBucketArePaddedTogetherAndTrimmedAgain() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> shorter = batcher.submit(text(54));
    CompletableFuture<List<Tensor>> longer = batcher.submit(text(44, 44, 4));
    gate.permits.release(2);

    assertThat(spamLogit(shorter)).isEqualTo(2f);
    assertThat(tokenScores(shorter)).containsExactly(2f);
    assertThat(spamLogit(longer)).isEqualTo(-1f);
    assertThat(tokenScores(longer)).containsExactly(1f, 1f, -3f);
    assertThat(gate.rows).containsExactly(1L, 2L);
  }

  @Test
  void onlyTheBadRequestOfARunFails() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> good = batcher.submit(tokens(54));
    CompletableFuture<List<Tensor>> bad = batcher.submit(tokens(9999));
    CompletableFuture<List<Tensor>> alsoGood = batcher.submit(tokens(64));
    gate.permits.release(100);

    assertThat(spamLogit(good)).isEqualTo(2f);
    assertThat(spamLogit(alsoGood)).isEqualTo(3f);
    assertThatThrownBy(() -> bad.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(ProtocolException.class)
        .hasMessageContaining("refuses these values")
        .hasMessageContaining("9999");
    assertThat(spamLogit(batcher.submit(tokens(44)))).isEqualTo(1f);
  }

  @Test
  void requestsOfOtherShapesRunApartAndNoneStarves() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> one = batcher.submit(tokens(54));
    CompletableFuture<List<Tensor>> two = batcher.submit(tokens(44, 44));
    CompletableFuture<List<Tensor>> three = batcher.submit(tokens(64));
    gate.permits.release(100);

    assertThat(spamLogit(one)).isEqualTo(2f);
    assertThat(spamLogit(two)).isEqualTo(2f);
    assertThat(spamLogit(three)).isEqualTo(3f);
    assertThat(gate.rows).containsExactly(1L, 2L, 1L);
  }

  @Test
  void refusesWhatDoesNotFitTheQueueAndRecovers() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    List<CompletableFuture<List<Tensor>>> queued = new ArrayList<>();
    for (int index = 0; index < MAX_QUEUE; index++) {
      queued.add(batcher.submit(tokens(54)));
    }
    assertThat(batcher.waiting()).isEqualTo(MAX_QUEUE);
    assertThatThrownBy(() -> batcher.submit(tokens(54)))
        .isInstanceOfSatisfying(
            InferenceException.Overloaded.class,
            refused -> assertThat(refused.status()).isEqualTo(503))
        .hasMessageContaining("too many requests waiting");

    gate.permits.release(100);
    for (CompletableFuture<List<Tensor>> answer : queued) {
      assertThat(spamLogit(answer)).isEqualTo(2f);
    }
    assertThat(spamLogit(batcher.submit(tokens(44)))).isEqualTo(1f);
  }

  @Test
  void freesThePlaceOfWhatNobodyWaitsForAnyMore() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> abandoned = batcher.submit(tokens(54));
    batcher.submit(tokens(64));
    assertThat(batcher.waiting()).isEqualTo(2);
    abandoned.cancel(false);
    assertThat(batcher.waiting()).isEqualTo(1);
  }

  @Test
  void skipsWhatNobodyWaitsForAnyMore() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> abandoned = batcher.submit(tokens(54));
    CompletableFuture<List<Tensor>> wanted = batcher.submit(tokens(64));
    abandoned.cancel(false);
    gate.permits.release(100);

    assertThat(spamLogit(wanted)).isEqualTo(3f);
    assertThat(gate.rows).containsExactly(1L, 1L);
  }

  @Test
  void doesNotRunWhatComesTooLate() throws Exception {
    batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> late =
        batcher.submit(tokens(54).until(Deadline.after(Duration.ZERO)));
    CompletableFuture<List<Tensor>> wanted =
        batcher.submit(tokens(64).until(Deadline.after(Duration.ofMinutes(1))));
    gate.permits.release(100);

    assertThat(spamLogit(wanted)).isEqualTo(3f);
    assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(InferenceException.DeadlineExceeded.class)
        .hasMessageContaining("deadline passed after it had waited");
    assertThat(gate.rows).containsExactly(1L, 1L);
  }

  @Test
  void finishesWhatWaitsBeforeItCloses() throws Exception {
    CompletableFuture<List<Tensor>> first = batcher.submit(tokens(44));
    gate.awaitArrival();
    CompletableFuture<List<Tensor>> second = batcher.submit(tokens(44, 44));
    CompletableFuture<Void> closing = CompletableFuture.runAsync(batcher::close);
    gate.permits.release(100);
    closing.get(30, TimeUnit.SECONDS);

    assertThat(first).isCompleted();
    assertThat(spamLogit(second)).isEqualTo(2f);
    assertThatThrownBy(() -> batcher.submit(tokens(44)))
        .isInstanceOf(InferenceException.NotReady.class);
  }

  private static BatchRequest tokens(long... ids) {
    return request(Shape.of(ids.length), Map.of(), ids);
  }

  private static BatchRequest text(long... ids) {
    return request("text", Map.of("input_ids", 1L, "attention_mask", 0L), ids);
  }

  private static BatchRequest request(Object group, Map<String, Long> padding, long... ids) {
    long[] mask = new long[ids.length];
    Arrays.fill(mask, 1);
    Shape shape = Shape.of(1, ids.length);
    return new BatchRequest(
        Map.of(
            "input_ids",
            NumericTensor.ofLongs("input_ids", shape, ids),
            "attention_mask",
            NumericTensor.ofLongs("attention_mask", shape, mask)),
        List.of("logits", "token_scores"),
        1,
        group,
        padding,
        0,
        Deadline.NONE,
        RequestSpan.NONE);
  }

  private static float spamLogit(CompletableFuture<List<Tensor>> answer) throws Exception {
    NumericTensor logits = (NumericTensor) answer.get(30, TimeUnit.SECONDS).get(0);
    assertThat(logits.shape()).isEqualTo(Shape.of(1, 2));
    return (float) logits.floating(1);
  }

  private static List<Float> tokenScores(CompletableFuture<List<Tensor>> answer) throws Exception {
    NumericTensor scores = (NumericTensor) answer.get(30, TimeUnit.SECONDS).get(1);
    List<Float> values = new ArrayList<>();
    for (int index = 0; index < scores.elements(); index++) {
      values.add((float) scores.floating(index));
    }
    return values;
  }

  /** Lets runs of the real backend through one permit at a time, and notes their rows. */
  private static final class Gate implements Backend {
    private final Backend real;
    private final Semaphore permits = new Semaphore(0);
    private final Semaphore arrivals = new Semaphore(0);
    private final List<Long> rows = new ArrayList<>();

    private Gate(Backend real) {
      this.real = real;
    }

    private void awaitArrival() throws InterruptedException {
      assertThat(arrivals.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public List<Tensor> run(Map<String, Tensor> inputs, List<String> outputs)
        throws BackendException {
      arrivals.release();
      permits.acquireUninterruptibly();
      rows.add(inputs.values().iterator().next().shape().dim(0));
      return real.run(inputs, outputs);
    }

    @Override
    public Signature signature() {
      return real.signature();
    }

    @Override
    public String provider() {
      return real.provider();
    }

    @Override
    public void close() {
      real.close();
    }
  }
}
