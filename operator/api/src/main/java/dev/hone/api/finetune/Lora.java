package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Trains low-rank updates of weight matrices. */
@ApiType
@ValidationRule(
    value = "!has(self.targets) || self.targets.size() == 1 || !('all-linear' in self.targets)",
    message = "all-linear means every linear layer: write it alone in targets, or remove it")
public record Lora(
    @Min(1) @Max(1024) @JsonPropertyDescription("Rank of the updates (default: 8).")
        @Nullable Integer rank,
    @Min(1)
        @Max(4096)
        @JsonPropertyDescription(
            "Scale of the updates; alpha / rank is the factor (default: twice the rank).")
        @Nullable Integer alpha,
    @Min(0)
        @Max(value = 1, inclusive = false)
        @JsonPropertyDescription("Dropout before the updates (default: 0).")
        @Nullable Double dropout,
    @Size(min = 1, max = 64)
        @JsonPropertyDescription("Layers by the end of their names, or all-linear (the default).")
        List<@Size(min = 1, max = 256) String> targets,
    @JsonPropertyDescription("Scales by alpha / √rank, for high ranks (default: false).")
        @Nullable Boolean rsLora,
    @JsonPropertyDescription("Trains magnitude and direction apart (default: false).")
        @Nullable Boolean dora,
    @JsonPropertyDescription("Biases that are trained too (default: None).") @Nullable Bias bias) {

  public Lora {
    targets = targets == null ? List.of() : List.copyOf(targets);
  }

  /** Biases that are trained with the updates. */
  public enum Bias {
    @JsonProperty("None")
    NONE,
    @JsonProperty("All")
    ALL,
    @JsonProperty("LoraOnly")
    LORA_ONLY
  }
}
