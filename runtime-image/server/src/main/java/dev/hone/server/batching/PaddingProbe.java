package dev.hone.server.batching;

import dev.hone.server.backend.Backend;
import dev.hone.server.backend.BackendException;
import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.tracing.RequestSpan;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks a model whether filled rows change its answer. A graph that has a mask and does not use it
 * in one place, such as a mean over all positions, looks like any other from outside.
 */
public final class PaddingProbe {
  private static final int OWN = 4;
  private static final int FILLED = 16;

  /** A dynamically quantized model scales its activations over the fill too. */
  private static final double TOLERANCE = 0.1;

  private PaddingProbe() {}

  /**
   * Whether a run with that fill gives the outputs of one without.
   *
   * @param fill what fills each input, all of which are token ids or masks of [rows, length]
   */
  public static boolean agrees(Backend backend, Map<String, Long> fill) {
    List<String> outputs =
        backend.signature().outputs().stream().map(TensorMetadata::name).toList();
    BatchRequest own = request(backend.signature().inputs(), outputs, fill, 0);
    BatchRequest filled = request(backend.signature().inputs(), outputs, fill, FILLED);
    try {
      List<Tensor> expected = backend.run(BatchAssembler.join(List.of(own)), outputs);
      List<Tensor> actual = backend.run(BatchAssembler.join(List.of(filled)), outputs);
      for (int index = 0; index < outputs.size(); index++) {
        Tensor trimmed =
            backend.signature().sequenceOutputs().contains(outputs.get(index))
                ? BatchAssembler.trim(actual.get(index), OWN)
                : actual.get(index);
        if (!close(expected.get(index), trimmed)) {
          return false;
        }
      }
      return true;
    } catch (BackendException e) {
      return false;
    }
  }

  private static BatchRequest request(
      List<TensorMetadata> inputs, List<String> outputs, Map<String, Long> fill, int length) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorMetadata input : inputs) {
      ByteBuffer data = NumericTensor.allocate(input.datatype(), OWN);
      for (int at = 0; at < OWN; at++) {
        // Two tokens in turn: at most one of them is what fills.
        long value =
            switch (input.name()) {
              case "input_ids" -> 2L + at % 2;
              case "attention_mask" -> 1;
              default -> 0;
            };
        if (input.datatype() == Datatype.INT64) {
          data.putLong(at * Long.BYTES, value);
        } else {
          data.putInt(at * Integer.BYTES, (int) value);
        }
      }
      tensors.put(
          input.name(), new NumericTensor(input.name(), input.datatype(), Shape.of(1, OWN), data));
    }
    return new BatchRequest(
        tensors, outputs, 1, "probe", fill, length, Deadline.NONE, RequestSpan.NONE);
  }

  private static boolean close(Tensor expected, Tensor actual) {
    if (!expected.shape().equals(actual.shape())) {
      return false;
    }
    if (!(expected instanceof NumericTensor wanted) || !(actual instanceof NumericTensor given)) {
      return expected.equals(actual);
    }
    if (wanted.datatype().kind() != Datatype.Kind.FLOAT) {
      return wanted.data().equals(given.data());
    }
    double largest = 0;
    double difference = 0;
    for (int index = 0; index < wanted.elements(); index++) {
      largest = Math.max(largest, Math.abs(wanted.floating(index)));
      difference = Math.max(difference, Math.abs(wanted.floating(index) - given.floating(index)));
    }
    return difference <= TOLERANCE * largest;
  }
}
