package dev.hone.server.protocol;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Holds a request's tensors against what a model takes. */
public final class RequestValidator {
  private final String model;
  private final Map<String, TensorMetadata> declared;
  private final String takes;

  /**
   * Checks requests to one model.
   *
   * @param alternative another way to ask it, for the sentences (", or …"), else empty
   */
  public RequestValidator(String model, List<TensorMetadata> inputs, String alternative) {
    this.model = model;
    this.declared = new LinkedHashMap<>();
    inputs.forEach(input -> declared.put(input.name(), input));
    this.takes =
        inputs.stream()
                .map(input -> "%s %s %s".formatted(input.name(), input.datatype(), input.shape()))
                .collect(Collectors.joining(", "))
            + alternative;
  }

  /**
   * The request's tensors by name, in the datatypes that the model takes.
   *
   * @throws ProtocolException with status 400 and what to send instead
   */
  public Map<String, Tensor> check(List<Tensor> inputs) {
    Map<String, Tensor> checked = new LinkedHashMap<>();
    for (Tensor input : inputs) {
      TensorMetadata metadata = declared.get(input.name());
      if (metadata == null) {
        throw ProtocolException.badRequest(
            "model '%s' has no input '%s': it takes %s".formatted(model, input.name(), takes));
      }
      checked.put(input.name(), check(input, metadata));
    }
    for (String name : declared.keySet()) {
      if (!checked.containsKey(name)) {
        throw ProtocolException.badRequest(
            "the request lacks input '%s' of model '%s': it takes %s"
                .formatted(name, model, takes));
      }
    }
    return checked;
  }

  private Tensor check(Tensor input, TensorMetadata metadata) {
    if (!metadata.shape().accepts(input.shape())) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, but model '%s' takes %s (-1 is any size)"
              .formatted(input.name(), input.shape(), model, metadata.shape()));
    }
    if (input instanceof BytesTensor texts && metadata.datatype() == Datatype.BYTES) {
      // A model's strings are texts; the worker must not be the first to notice.
      texts.texts();
    }
    return LosslessCast.to(metadata.datatype(), input, model);
  }
}
