package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How a model is fine-tuned: exactly one member is there. */
@ApiType
@ValidationRule(
    value =
        "[has(self.full), has(self.lora), has(self.qlora), has(self.bitFit), has(self.adapter),"
            + " has(self.prefixTuning), has(self.promptTuning)].filter(x, x).size() == 1",
    message =
        "write exactly one method: full, lora, qlora, bitFit, adapter, prefixTuning or promptTuning, for example"
            + " lora: {rank: 8}")
public record Method(
    @JsonPropertyDescription("Trains every weight.") @Nullable FullTuning full,
    @JsonPropertyDescription("Trains low-rank updates of weight matrices.") @Nullable Lora lora,
    @JsonPropertyDescription("Trains low-rank updates over a base model of four bits per weight.")
        @Nullable Qlora qlora,
    @JsonPropertyDescription("Trains the biases and the head alone.") @Nullable BitFit bitFit,
    @JsonPropertyDescription("Trains small bottleneck layers between the frozen ones.")
        @Nullable BottleneckAdapter adapter,
    @JsonPropertyDescription("Trains keys and values that stand before those of every layer.")
        @Nullable PrefixTuning prefixTuning,
    @JsonPropertyDescription("Trains embeddings that stand before the input.")
        @Nullable PromptTuning promptTuning) {

  /** The name of the member that is there, as it is written in a manifest. */
  public String choice() {
    if (full != null) {
      return "full";
    }
    if (lora != null) {
      return "lora";
    }
    if (qlora != null) {
      return "qlora";
    }
    if (bitFit != null) {
      return "bitFit";
    }
    if (adapter != null) {
      return "adapter";
    }
    if (prefixTuning != null) {
      return "prefixTuning";
    }
    if (promptTuning != null) {
      return "promptTuning";
    }
    return "none";
  }
}
