package dev.hone.server.serving;

import dev.hone.server.backend.Signature;
import dev.hone.server.batching.BatchRequest;
import dev.hone.server.batching.Padding;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestValidator;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.text.TextEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** From a parsed request to what the backend is asked. */
final class RequestEncoder {
  /** The input of text models that stands for all their tensors. */
  static final String TEXT = "text";

  private final String model;
  private final Signature signature;
  private final Optional<TextEncoder> text;
  private final RequestValidator validator;
  private final Padding padding;
  private final int maxRows;

  RequestEncoder(
      String model, Signature signature, Optional<TextEncoder> text, Padding padding, int maxRows) {
    this.model = model;
    this.signature = signature;
    this.text = text;
    this.padding = padding;
    this.maxRows = maxRows;
    this.validator =
        new RequestValidator(
            model,
            signature.inputs(),
            text.isPresent() ? "; or " + TEXT + " BYTES [-1] alone" : "");
  }

  /** The fewest inputs that a request may have. */
  List<TensorMetadata> shortest() {
    return text.isPresent() && !signature.hasInput(TEXT)
        ? List.of(new TensorMetadata(TEXT, Datatype.BYTES, Shape.of(Shape.ANY)))
        : signature.inputs();
  }

  boolean isText(InferenceRequest request) {
    return text.isPresent()
        && !signature.hasInput(TEXT)
        && request.inputs().stream().anyMatch(input -> input.name().equals(TEXT));
  }

  /**
   * Checks a request and encodes it.
   *
   * @throws ProtocolException with status 400 and what to send instead
   */
  BatchRequest encode(InferenceRequest request, List<String> outputs) {
    return isText(request)
        ? encodeText(request.inputs(), outputs)
        : encodeTensors(request.inputs(), outputs);
  }

  private BatchRequest encodeText(List<Tensor> inputs, List<String> outputs) {
    if (inputs.size() > 1) {
      throw ProtocolException.badRequest(
          "the request gives '%s' and other inputs: send '%s' alone, or the tensors alone"
              .formatted(TEXT, TEXT));
    }
    if (!(inputs.getFirst() instanceof BytesTensor texts)) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype %s, but model '%s' takes BYTES"
              .formatted(TEXT, inputs.getFirst().datatype(), model));
    }
    if (texts.shape().rank() != 1) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, but model '%s' takes [-1]: one text for each row"
              .formatted(TEXT, texts.shape(), model));
    }
    requireRows(TEXT, texts.shape().dim(0));
    TextEncoder.EncodedText encoded = text.orElseThrow().encode(texts.texts());
    return request(encoded.tensors(), outputs, texts.values().size());
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
    if (signature.batchable() && rows > maxRows) {
      throw ProtocolException.badRequest(
          "input '%s' has %d rows, but model '%s' takes at most %d in one request: split them over several requests"
              .formatted(input, rows, model, maxRows));
    }
  }
}
