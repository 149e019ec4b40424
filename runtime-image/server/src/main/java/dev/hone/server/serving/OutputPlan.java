package dev.hone.server.serving;

import dev.hone.server.backend.Signature;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestedOutput;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Which outputs of the model a request needs, and what its response makes of them. */
final class OutputPlan {
  private static final String LABEL = "label";
  private static final String SCORE = "score";

  private final String model;
  private final Signature signature;
  private final List<String> labels;
  private final Optional<String> logits;

  /** Plans for one model; {@code labels} is empty where it classifies nothing. */
  OutputPlan(String model, Signature signature, List<String> labels) {
    this.model = model;
    this.signature = signature;
    this.labels = List.copyOf(labels);
    this.logits =
        labels.isEmpty()
            ? Optional.empty()
            : signature.outputs().stream()
                .filter(output -> output.datatype().kind() == Datatype.Kind.FLOAT)
                .filter(output -> output.shape().rank() == 2)
                .map(TensorMetadata::name)
                .findFirst();
  }

  /** Every output that may be asked for. */
  List<TensorMetadata> offered() {
    List<TensorMetadata> offered = new ArrayList<>(signature.outputs());
    if (logits.isPresent()) {
      offered.add(new TensorMetadata(LABEL, Datatype.BYTES, Shape.of(Shape.ANY)));
      offered.add(new TensorMetadata(SCORE, Datatype.FP32, Shape.of(Shape.ANY)));
    }
    return offered;
  }

  /**
   * What is answered when the request names no outputs.
   *
   * @param all with label and score, for those who did not make the model's tensors themselves
   */
  List<RequestedOutput> defaults(boolean all) {
    List<TensorMetadata> outputs = all ? offered() : signature.outputs();
    return outputs.stream().map(output -> RequestedOutput.plain(output.name())).toList();
  }

  /**
   * The model's outputs that those need.
   *
   * @throws ProtocolException with status 400 if there is no such output
   */
  List<String> needed(List<RequestedOutput> requested) {
    Set<String> needed = new LinkedHashSet<>();
    for (RequestedOutput output : requested) {
      needed.add(source(output.name()));
    }
    return List.copyOf(needed);
  }

  private String source(String output) {
    if (signature.output(output).isPresent()) {
      return output;
    }
    if (derived(output)) {
      return logits.orElseThrow();
    }
    throw ProtocolException.badRequest(
        "model '%s' has no output '%s': it gives %s"
            .formatted(
                model,
                output,
                offered().stream().map(TensorMetadata::name).collect(Collectors.joining(", "))));
  }

  private boolean derived(String output) {
    return logits.isPresent() && (output.equals(LABEL) || output.equals(SCORE));
  }

  /** The response's outputs, in the order in which they were asked for. */
  List<Tensor> answer(List<RequestedOutput> requested, List<Tensor> computed) {
    Map<String, Tensor> byName =
        computed.stream().collect(Collectors.toMap(Tensor::name, Function.identity()));
    return requested.stream().map(output -> answer(output, byName)).toList();
  }

  private Tensor answer(RequestedOutput requested, Map<String, Tensor> computed) {
    String name = requested.name();
    Tensor source = computed.get(source(name));
    if (source == null) {
      throw new IllegalStateException("the model did not compute output " + name);
    }
    if (signature.output(name).isPresent()) {
      return requested.classes() == 0
          ? source
          : Classification.top(source, requested.classes(), labels);
    }
    NumericTensor values = (NumericTensor) source;
    return name.equals(LABEL)
        ? Classification.labels(LABEL, values, labels)
        : Classification.scores(SCORE, values);
  }
}
