package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Automatic mixed precision. */
@ApiType
@ValidationRule(
    value =
        "!(has(self.initialLossScale) || has(self.lossScaleGrowthInterval))"
            + " || (has(self.mode) && self.mode in ['FP16', 'Auto'])",
    message = "only FP16 scales the loss: write mode: FP16 (or Auto), or remove the loss scale")
public record Precision(
    @JsonPropertyDescription(
            "Number format of activations; the weights stay FP32 (default: Auto, by the device).")
        @Nullable Mode mode,
    @JsonPropertyDescription("Lets FP32 matrix products use TF32 units (default: false).")
        @Nullable Boolean tf32,
    @Min(value = 0, inclusive = false)
        @Max(4294967296.0)
        @JsonPropertyDescription("First scale of the loss in FP16 (default: 65536).")
        @Nullable Double initialLossScale,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription(
            "Steps without overflow after which the scale doubles (default: 2000).")
        @Nullable Integer lossScaleGrowthInterval) {

  /** Number format of activations. */
  public enum Mode {
    @JsonProperty("FP32")
    FP32,
    @JsonProperty("FP16")
    FP16,
    @JsonProperty("BF16")
    BF16,
    @JsonProperty("Auto")
    AUTO
  }
}
