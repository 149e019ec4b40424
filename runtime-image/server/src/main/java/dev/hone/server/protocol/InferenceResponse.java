package dev.hone.server.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An inference response. */
public record InferenceResponse(
    @Nullable String id, String modelName, String modelVersion, List<Tensor> outputs) {
  /** Copies the list. */
  public InferenceResponse {
    outputs = List.copyOf(outputs);
  }
}
