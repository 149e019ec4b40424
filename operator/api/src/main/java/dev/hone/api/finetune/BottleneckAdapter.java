package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** Trains small bottleneck layers between the frozen ones. */
@ApiType
public record BottleneckAdapter(
    @JsonPropertyDescription(
            "Houlsby stands after attention and after the feed-forward block, Pfeiffer after the latter alone (default: Pfeiffer).")
        @Nullable Placement placement,
    @Min(1)
        @Max(1024)
        @JsonPropertyDescription(
            "Width of the model divided by that of the bottleneck (default: 16).")
        @Nullable Integer reductionFactor,
    @JsonPropertyDescription("Activation in the bottleneck (default: GELU).")
        @Nullable Activation activation) {

  /** Where the layers stand. */
  public enum Placement {
    @JsonProperty("Houlsby")
    HOULSBY,
    @JsonProperty("Pfeiffer")
    PFEIFFER
  }

  /** Activation in the bottleneck. */
  public enum Activation {
    @JsonProperty("ReLU")
    RELU,
    @JsonProperty("GELU")
    GELU,
    @JsonProperty("SiLU")
    SILU,
    @JsonProperty("Tanh")
    TANH
  }
}
