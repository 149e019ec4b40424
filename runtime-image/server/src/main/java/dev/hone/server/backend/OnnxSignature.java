package dev.hone.server.backend;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Reads a model's signature from its ONNX session. */
final class OnnxSignature {
  private static final Logger LOG = Logger.getLogger(OnnxSignature.class);

  private OnnxSignature() {}

  static Signature of(OrtSession session) throws OrtException, BackendException {
    List<Axes> inputs = new ArrayList<>();
    for (NodeInfo node : session.getInputInfo().values()) {
      inputs.add(
          axes(node)
              .filter(input -> OnnxTypes.onnx(input.datatype()).isPresent())
              .orElseThrow(
                  () ->
                      new BackendException(
                          "its input '%s' is %s, which this server cannot send"
                              .formatted(node.getName(), node.getInfo()))));
    }
    List<Axes> outputs = new ArrayList<>();
    for (NodeInfo node : session.getOutputInfo().values()) {
      axes(node)
          .ifPresentOrElse(
              outputs::add,
              () -> LOG.warnf("output '%s' is %s: not served", node.getName(), node.getInfo()));
    }
    return new Signature(
        metadata(inputs), metadata(outputs), batchable(inputs, outputs), sequence(inputs, outputs));
  }

  private static Optional<Axes> axes(NodeInfo node) {
    if (node.getInfo() instanceof TensorInfo info) {
      return OnnxTypes.datatype(info)
          .map(
              type ->
                  new Axes(
                      node.getName(), type, info.getShape(), List.of(info.getDimensionNames())));
    }
    return Optional.empty();
  }

  private static List<TensorMetadata> metadata(List<Axes> tensors) {
    return tensors.stream()
        .map(axes -> new TensorMetadata(axes.name(), axes.datatype(), Shape.of(axes.dims())))
        .toList();
  }

  private static boolean batchable(List<Axes> inputs, List<Axes> outputs) {
    List<Axes> all = new ArrayList<>(inputs);
    all.addAll(outputs);
    Set<String> names = all.stream().map(axes -> axes.freeAxis(0)).collect(Collectors.toSet());
    return names.size() == 1 && !names.contains("");
  }

  private static Set<String> sequence(Collection<Axes> inputs, Collection<Axes> outputs) {
    Set<String> names =
        inputs.stream()
            .map(axes -> axes.freeAxis(1))
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet());
    return outputs.stream()
        .filter(axes -> names.contains(axes.freeAxis(1)))
        .map(Axes::name)
        .collect(Collectors.toSet());
  }

  private record Axes(String name, Datatype datatype, long[] dims, List<String> names) {
    /** The name of that axis if it is free and has one, else empty. */
    String freeAxis(int axis) {
      return axis < dims.length && dims[axis] == Shape.ANY && axis < names.size()
          ? names.get(axis)
          : "";
    }
  }
}
