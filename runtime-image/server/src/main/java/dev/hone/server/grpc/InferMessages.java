package dev.hone.server.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferRequest.InferInputTensor;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ModelInferResponse.InferOutputTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RawTensor;
import dev.hone.server.protocol.RequestedOutput;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Inference requests and responses between gRPC's messages and the protocol's. */
final class InferMessages {
  private static final int MAX_RANK = 16;

  /** Outputs are raw, as Triton's are, unless this parameter is false. */
  private static final String RAW_OUTPUT = "binary_data_output";

  private InferMessages() {}

  /**
   * Reads a request.
   *
   * @throws ProtocolException with status 400 and what to send instead
   */
  static InferenceRequest read(ModelInferRequest message) {
    if (message.getInputsCount() == 0) {
      throw ProtocolException.badRequest(
          "the request has no inputs: give each its name, datatype, shape and contents");
    }
    boolean raw = message.getRawInputContentsCount() > 0;
    if (raw && message.getRawInputContentsCount() != message.getInputsCount()) {
      throw ProtocolException.badRequest(
          "the request has %d inputs and %d raw_input_contents: send one for each input, or none"
              .formatted(message.getInputsCount(), message.getRawInputContentsCount()));
    }
    List<Tensor> inputs = new ArrayList<>(message.getInputsCount());
    for (int index = 0; index < message.getInputsCount(); index++) {
      InferInputTensor input = message.getInputs(index);
      if (inputs.stream().anyMatch(earlier -> earlier.name().equals(input.getName()))) {
        throw ProtocolException.badRequest(
            "input '%s' is given twice: give each input once".formatted(input.getName()));
      }
      inputs.add(raw ? raw(input, message.getRawInputContents(index)) : typed(input));
    }
    return new InferenceRequest(
        message.getId().isEmpty() ? null : message.getId(),
        inputs,
        outputs(message),
        Parameters.read(message.getParametersMap()));
  }

  private static Tensor raw(InferInputTensor input, ByteString contents) {
    if (input.hasContents()) {
      throw ProtocolException.badRequest(
          "input '%s' has contents beside raw_input_contents: send one of them"
              .formatted(input.getName()));
    }
    return RawTensor.decode(
        input.getName(), datatype(input), shape(input), contents.asReadOnlyByteBuffer());
  }

  private static Tensor typed(InferInputTensor input) {
    return TypedContents.read(input.getName(), datatype(input), shape(input), input.getContents());
  }

  private static Datatype datatype(InferInputTensor input) {
    return Datatype.parse(input.getName(), input.getDatatype());
  }

  private static Shape shape(InferInputTensor input) {
    if (input.getShapeCount() > MAX_RANK) {
      throw ProtocolException.badRequest(
          "the shape of input '%s' has more than %d dimensions"
              .formatted(input.getName(), MAX_RANK));
    }
    long[] dims = new long[input.getShapeCount()];
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = input.getShape(axis);
      if (dims[axis] < 0) {
        throw ProtocolException.badRequest(
            "the shape of input '%s' holds %d: every dimension is a whole number from 0 up"
                .formatted(input.getName(), dims[axis]));
      }
    }
    return Shape.of(dims);
  }

  private static List<RequestedOutput> outputs(ModelInferRequest message) {
    List<RequestedOutput> outputs = new ArrayList<>(message.getOutputsCount());
    for (var output : message.getOutputsList()) {
      outputs.add(
          RequestedOutput.of(
              output.getName(),
              Parameters.read(output.getParametersMap()),
              "outputs[%d]".formatted(outputs.size())));
    }
    return outputs;
  }

  /**
   * Writes a response.
   *
   * @throws ProtocolException with status 400 if typed outputs are asked for and one is of a
   *     datatype without a typed field
   */
  static ModelInferResponse write(InferenceRequest request, InferenceResponse response) {
    boolean raw = !Boolean.FALSE.equals(request.parameters().get(RAW_OUTPUT));
    ModelInferResponse.Builder message =
        ModelInferResponse.newBuilder()
            .setModelName(response.modelName())
            .setModelVersion(response.modelVersion());
    if (response.id() != null) {
      message.setId(response.id());
    }
    for (Map.Entry<String, Object> parameter : response.parameters().entrySet()) {
      message.putParameters(parameter.getKey(), Parameters.write(parameter.getValue()));
    }
    for (Tensor output : response.outputs()) {
      InferOutputTensor.Builder tensor =
          message.addOutputsBuilder().setName(output.name()).setDatatype(output.datatype().name());
      for (long dim : output.shape().toArray()) {
        tensor.addShape(dim);
      }
      if (raw) {
        // Nobody writes to an output's buffer once it has been answered.
        message.addRawOutputContents(UnsafeByteOperations.unsafeWrap(RawTensor.encode(output)));
      } else {
        tensor.setContents(TypedContents.write(output));
      }
    }
    return message.build();
  }
}
