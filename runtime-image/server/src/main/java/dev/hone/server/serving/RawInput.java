package dev.hone.server.serving;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RawTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * A request that is nothing but its input's bytes. Name and datatype are the model's; the one free
 * axis that follows from the number of bytes is the last, and any before it is one.
 */
final class RawInput {
  private static final Map<String, Object> BINARY_ANSWER = Map.of("binary_data_output", true);

  private final String model;
  private final List<TensorMetadata> inputs;

  /** Reads requests to a model that takes those inputs. */
  RawInput(String model, List<TensorMetadata> inputs) {
    this.model = model;
    this.inputs = List.copyOf(inputs);
  }

  /**
   * The request that those bytes are.
   *
   * @throws ProtocolException with status 400 if bytes alone do not tell a request to this model
   */
  InferenceRequest read(byte[] body) {
    if (inputs.size() != 1) {
      throw ProtocolException.badRequest(
          "model '%s' has %d inputs, so a raw body does not say which it is: name them in JSON, with Inference-Header-Content-Length"
              .formatted(model, inputs.size()));
    }
    TensorMetadata input = inputs.getFirst();
    return new InferenceRequest(
        null,
        List.of(
            input.datatype() == Datatype.BYTES
                ? new BytesTensor(input.name(), one(input), List.of(body))
                : RawTensor.decode(
                    input.name(),
                    input.datatype(),
                    shape(input, body.length),
                    ByteBuffer.wrap(body))),
        List.of(),
        BINARY_ANSWER);
  }

  private Shape one(TensorMetadata input) {
    Shape shape = ones(input.shape());
    if (RawTensor.elements(input.name(), shape) != 1) {
      throw ProtocolException.badRequest(
          "input '%s' of model '%s' has shape %s, but a raw body is one element: send the elements as JSON or after their lengths"
              .formatted(input.name(), model, input.shape()));
    }
    return shape;
  }

  private Shape shape(TensorMetadata input, int bytes) {
    int last = lastFree(input.shape());
    Shape known = ones(input.shape());
    long perStep = (long) RawTensor.elements(input.name(), known) * input.datatype().width();
    return last < 0 || bytes % perStep != 0 ? known : known.with(last, bytes / perStep);
  }

  private static Shape ones(Shape shape) {
    Shape filled = shape;
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis) == Shape.ANY) {
        filled = filled.with(axis, 1);
      }
    }
    return filled;
  }

  private static int lastFree(Shape shape) {
    int last = -1;
    for (int axis = 0; axis < shape.rank(); axis++) {
      last = shape.dim(axis) == Shape.ANY ? axis : last;
    }
    return last;
  }
}
