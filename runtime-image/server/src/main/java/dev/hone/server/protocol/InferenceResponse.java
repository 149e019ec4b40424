package dev.hone.server.protocol;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An inference response.
 *
 * @param parameters of the request, repeated
 */
public record InferenceResponse(
    @Nullable String id,
    String modelName,
    String modelVersion,
    Map<String, Object> parameters,
    List<Tensor> outputs) {
  /** Copies the list. */
  public InferenceResponse {
    outputs = List.copyOf(outputs);
  }
}
