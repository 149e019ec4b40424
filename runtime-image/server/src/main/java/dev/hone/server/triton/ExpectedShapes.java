package dev.hone.server.triton;

import dev.hone.server.backend.Signature;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The shapes that a model will be asked with: it is warmed up with each of them, and TensorRT plans
 * for the smallest and the largest. Rows and lengths alone are known to be free; of a model that
 * leaves another axis open nothing is expected.
 *
 * @param batches numbers of rows, rising; 1 alone for a model without a batch axis
 * @param lengths sizes of the second axis, rising, where inputs leave it open; otherwise 1 alone
 */
record ExpectedShapes(List<Integer> batches, List<Integer> lengths) {
  private static final int LENGTH = 1;

  /** The shapes of a model; no lengths if its inputs leave open what nobody knows. */
  static ExpectedShapes of(TritonModel model, TritonSettings settings) {
    Signature signature = model.signature();
    return new ExpectedShapes(
        signature.batchable() ? batches(settings.maxBatch()) : List.of(1),
        lengths(model, settings));
  }

  /** Whether anything is expected. */
  boolean isEmpty() {
    return lengths.isEmpty();
  }

  /** Powers of two, and what is allowed at most. */
  static List<Integer> batches(int most) {
    List<Integer> batches = new ArrayList<>();
    for (int rows = 1; rows < most; rows *= 2) {
      batches.add(rows);
    }
    batches.add(most);
    return batches;
  }

  private static List<Integer> lengths(TritonModel model, TritonSettings settings) {
    boolean batchable = model.signature().batchable();
    List<Integer> open =
        model.signature().inputs().stream()
            .map(TensorMetadata::shape)
            .flatMap(
                shape ->
                    IntStream.range(batchable ? 1 : 0, shape.rank())
                        .filter(axis -> shape.dim(axis) == Shape.ANY)
                        .boxed())
            .distinct()
            .toList();
    if (open.isEmpty()) {
      return List.of(1);
    }
    if (!batchable || !open.equals(List.of(LENGTH))) {
      return List.of();
    }
    return settings.sequenceLengths().isEmpty()
        ? model.maxLength().map(List::of).orElse(List.of())
        : settings.sequenceLengths();
  }

  /** A shape with a length in place of what it leaves open behind the batch axis. */
  static Shape with(Shape shape, int length) {
    return shape.rank() > LENGTH && shape.dim(LENGTH) == Shape.ANY
        ? shape.with(LENGTH, length)
        : shape;
  }
}
