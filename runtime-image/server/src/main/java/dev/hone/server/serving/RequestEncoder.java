package dev.hone.server.serving;

import dev.hone.server.backend.Signature;
import dev.hone.server.batching.BatchRequest;
import dev.hone.server.batching.Padding;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestValidator;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** From a parsed request to what the backend is asked. */
final class RequestEncoder {
  private final String model;
  private final Signature signature;
  private final Optional<Preprocessor> preprocessor;
  private final RequestValidator validator;
  private final Padding padding;
  private final int maxRows;

  RequestEncoder(
      String model,
      Signature signature,
      Optional<Preprocessor> preprocessor,
      Padding padding,
      int maxRows) {
    this.model = model;
    this.signature = signature;
    // A model's own input of that name goes first.
    this.preprocessor = preprocessor.filter(made -> !signature.hasInput(made.input()));
    this.padding = padding;
    this.maxRows = maxRows;
    this.validator =
        new RequestValidator(
            model,
            signature.inputs(),
            this.preprocessor.map(made -> "; or " + made.input() + " BYTES [-1] alone").orElse(""));
  }

  /** The fewest inputs that a request may have. */
  List<TensorMetadata> shortest() {
    return preprocessor.map(made -> List.of(made.metadata())).orElseGet(signature::inputs);
  }

  /** What makes the model's tensors of that request; empty if the request has them itself. */
  Optional<Preprocessor> preprocessor(InferenceRequest request) {
    return preprocessor.filter(
        made -> request.inputs().stream().anyMatch(input -> input.name().equals(made.input())));
  }

  /**
   * Checks a request and encodes it.
   *
   * @throws ProtocolException with status 400 and what to send instead
   */
  BatchRequest encode(InferenceRequest request, List<String> outputs) {
    return preprocessor(request)
        .map(made -> encodeElements(made, request.inputs(), outputs))
        .orElseGet(() -> encodeTensors(request.inputs(), outputs));
  }

  private BatchRequest encodeElements(
      Preprocessor made, List<Tensor> inputs, List<String> outputs) {
    String name = made.input();
    if (inputs.size() > 1) {
      throw ProtocolException.badRequest(
          "the request gives '%s' and other inputs: send '%s' alone, or the tensors alone"
              .formatted(name, name));
    }
    if (!(inputs.getFirst() instanceof BytesTensor elements)) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype %s, but model '%s' takes BYTES"
              .formatted(name, inputs.getFirst().datatype(), model));
    }
    if (elements.shape().rank() != 1) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, but model '%s' takes [-1]: %s for each row"
              .formatted(name, elements.shape(), model, made.element()));
    }
    long rows = elements.shape().dim(0);
    requireRows(name, rows);
    long fixed = signature.inputs().getFirst().shape().dim(0);
    if (fixed != Shape.ANY && fixed != rows) {
      throw ProtocolException.badRequest(
          "input '%s' has %d rows, but model '%s' takes %d in each request"
              .formatted(name, rows, model, fixed));
    }
    return request(made.encode(elements), outputs, elements.values().size());
  }

  private BatchRequest encodeTensors(List<Tensor> inputs, List<String> outputs) {
    Map<String, Tensor> checked = validator.check(inputs);
    if (!signature.batchable()) {
      return new BatchRequest(checked, outputs, 1, null);
    }
    String first = inputs.getFirst().name();
    long rows = inputs.getFirst().shape().dim(0);
    for (Tensor input : inputs) {
      if (input.shape().dim(0) != rows) {
        throw ProtocolException.badRequest(
            "input '%s' has %d rows, but '%s' has %d: give every input the same number of rows"
                .formatted(input.name(), input.shape().dim(0), first, rows));
      }
    }
    requireRows(first, rows);
    return request(checked, outputs, (int) rows);
  }

  private BatchRequest request(Map<String, Tensor> inputs, List<String> outputs, int rows) {
    if (!signature.batchable()) {
      return new BatchRequest(inputs, outputs, rows, null);
    }
    BatchRequest request = new BatchRequest(inputs, outputs, rows, rowShapes(inputs));
    if (padding.allowed()) {
      long[] lengths =
          inputs.values().stream().mapToLong(input -> input.shape().dim(1)).distinct().toArray();
      if (lengths.length == 1) {
        return request.padded(padding, Math.toIntExact(lengths[0]));
      }
    }
    return request;
  }

  private static Map<String, Shape> rowShapes(Map<String, Tensor> inputs) {
    return inputs.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().shape().with(0, 1)));
  }

  private void requireRows(String input, long rows) {
    if (rows > maxRows) {
      throw ProtocolException.badRequest(
          "input '%s' has %d rows, but model '%s' takes at most %d in one request: split them over several requests"
              .formatted(input, rows, model, maxRows));
    }
  }
}
