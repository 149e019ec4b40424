package dev.hone.operator.inference;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the configuration that Triton says it runs a model with. Its metadata names neither what
 * computes nor a digest; Hone has put the digest among the configuration's parameters.
 */
final class TritonModelConfig {
  private static final String PLAN = "tensorrt_plan";

  private TritonModelConfig() {}

  /** What it says, with the providers named as ONNX Runtime does. */
  static ModelProbe.Answer answer(JsonNode config) {
    JsonNode digest = config.path("parameters").path("digest").path("string_value");
    return new ModelProbe.Answer(provider(config), digest.isTextual() ? digest.textValue() : null);
  }

  private static @Nullable String provider(JsonNode config) {
    if (PLAN.equals(config.path("platform").asText())) {
      return "TensorRT";
    }
    // Triton has put what it found in place of KIND_AUTO.
    return switch (config.path("instance_group").path(0).path("kind").asText()) {
      case "KIND_CPU" -> "CPUExecutionProvider";
      case "KIND_GPU" -> compiles(config) ? "TensorrtExecutionProvider" : "CUDAExecutionProvider";
      default -> null;
    };
  }

  private static boolean compiles(JsonNode config) {
    JsonNode accelerators =
        config
            .path("optimization")
            .path("execution_accelerators")
            .path("gpu_execution_accelerator");
    return StreamSupport.stream(accelerators.spliterator(), false)
        .anyMatch(accelerator -> "tensorrt".equals(accelerator.path("name").asText()));
  }
}
