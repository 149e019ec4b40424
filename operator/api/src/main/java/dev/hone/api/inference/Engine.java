package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the model is executed. */
@ApiType
@ValidationRule(
    value =
        "!has(self.requireAccelerator) || !self.requireAccelerator || !has(self.providers)"
            + " || self.providers.exists(p, p != 'CPU')",
    message =
        "requireAccelerator refuses the CPU: write TensorRT or CUDA in providers, or remove"
            + " requireAccelerator")
public record Engine(
    @JsonPropertyDescription(
            "Number format that an engine computes in (default: that of the artifact).")
        @Nullable Precision precision,
    @Size(min = 1, max = 3)
        @JsonPropertyDescription(
            "What may compute, each once, best first (default: TensorRT, CUDA, CPU).")
        List<Provider> providers,
    @JsonPropertyDescription(
            "Keeps pods unready instead of falling back to the CPU (default: false).")
        @Nullable Boolean requireAccelerator) {

  public Engine {
    providers = providers == null ? List.of() : List.copyOf(providers);
  }

  /** Whether pods stay unready instead of falling back to the CPU. */
  public boolean refusesCpu() {
    return Boolean.TRUE.equals(requireAccelerator);
  }

  /** Number format that an engine computes in. */
  public enum Precision {
    @JsonProperty("FP32")
    FP32,
    @JsonProperty("FP16")
    FP16,
    @JsonProperty("BF16")
    BF16,
    @JsonProperty("INT8")
    INT8
  }
}
