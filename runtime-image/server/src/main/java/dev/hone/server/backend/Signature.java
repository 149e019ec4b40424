package dev.hone.server.backend;

import dev.hone.server.protocol.TensorMetadata;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a model takes and gives, and which of its axes mean the same.
 *
 * @param batchable whether axis 0 of every tensor is the same free axis, so that requests may share
 *     a run
 * @param sequenceOutputs the outputs whose axis 1 is the inputs' axis 1, as long as the longest row
 */
public record Signature(
    List<TensorMetadata> inputs,
    List<TensorMetadata> outputs,
    boolean batchable,
    Set<String> sequenceOutputs) {
  /** Copies the collections. */
  public Signature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    sequenceOutputs = Set.copyOf(sequenceOutputs);
  }

  /** The output of that name. */
  public Optional<TensorMetadata> output(String name) {
    return outputs.stream().filter(output -> output.name().equals(name)).findFirst();
  }

  /** Whether there is an input of that name. */
  public boolean hasInput(String name) {
    return inputs.stream().anyMatch(input -> input.name().equals(name));
  }
}
