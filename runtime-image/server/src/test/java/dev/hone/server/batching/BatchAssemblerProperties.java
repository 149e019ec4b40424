package dev.hone.server.batching;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.tracing.RequestSpan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Joining and parting loses nothing and mixes nothing, whatever the rows and lengths. */
class BatchAssemblerProperties {
  private static final long PAD = 77;

  @Property
  void partingUndoesJoining(@ForAll("sizes") List<List<Integer>> sizes) {
    List<BatchRequest> requests = requests(sizes);
    Tensor joined = joined(requests);

    int start = 0;
    for (BatchRequest request : requests) {
      NumericTensor own = (NumericTensor) requireNonNull(request.inputs().get("x"));
      Tensor part = BatchAssembler.part(joined, start, request.rows());
      Tensor trimmed = BatchAssembler.trim(part, own.shape().dim(1));
      assertThat(trimmed.shape()).isEqualTo(own.shape());
      assertThat(longs(trimmed)).isEqualTo(longs(own));
      start += request.rows();
    }
    assertThat((long) start).isEqualTo(joined.shape().dim(0));
  }

  @Property
  void fillsShortRowsWithThePadding(@ForAll("sizes") List<List<Integer>> sizes) {
    List<BatchRequest> requests = requests(sizes);
    Tensor joined = joined(requests);

    long own =
        requests.stream().mapToLong(r -> requireNonNull(r.inputs().get("x")).elements()).sum();
    List<Long> values = longs(joined);
    assertThat(values.stream().filter(value -> value == PAD).count())
        .isEqualTo(values.size() - own);
    assertThat(joined.shape().dim(1))
        .isEqualTo(sizes.stream().mapToLong(size -> size.get(1)).max().orElseThrow());
  }

  private static Tensor joined(List<BatchRequest> requests) {
    return requireNonNull(BatchAssembler.join(requests).get("x"));
  }

  /** Requests of [rows, length]; every value occurs once and none is the padding. */
  private static List<BatchRequest> requests(List<List<Integer>> sizes) {
    List<BatchRequest> requests = new ArrayList<>();
    long next = 1000;
    for (List<Integer> size : sizes) {
      long[] values = new long[size.get(0) * size.get(1)];
      for (int index = 0; index < values.length; index++) {
        values[index] = next++;
      }
      requests.add(
          new BatchRequest(
              Map.of("x", NumericTensor.ofLongs("x", Shape.of(size.get(0), size.get(1)), values)),
              List.of("y"),
              size.get(0),
              "group",
              Map.of("x", PAD),
              0,
              Deadline.NONE,
              RequestSpan.NONE));
    }
    return requests;
  }

  private static List<Long> longs(Tensor tensor) {
    NumericTensor numeric = (NumericTensor) tensor;
    List<Long> values = new ArrayList<>();
    for (int index = 0; index < numeric.elements(); index++) {
      values.add(numeric.integer(index));
    }
    return values;
  }

  @Provide
  Arbitrary<List<List<Integer>>> sizes() {
    return Arbitraries.integers().between(1, 6).list().ofSize(2).list().ofMinSize(1).ofMaxSize(6);
  }
}
