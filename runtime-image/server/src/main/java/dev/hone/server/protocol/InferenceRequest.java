package dev.hone.server.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An inference request.
 *
 * @param id echoed in the response, if given
 * @param outputs what is asked for; empty means the default
 */
public record InferenceRequest(
    @Nullable String id, List<Tensor> inputs, List<RequestedOutput> outputs) {
  /** Copies the lists. */
  public InferenceRequest {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }
}
