package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * Trains embeddings that stand before the input; task.maxLength and they share the model's
 * positions.
 */
@ApiType
@ValidationRule(
    value = "!has(self.initText) || !has(self.encoder) || self.encoder == 'None'",
    message =
        "initText has no meaning with an encoder, which makes the embeddings: remove initText, or write encoder: None")
public record PromptTuning(
    @Min(1) @Max(4096) @JsonPropertyDescription("Embeddings that are trained (default: 20).")
        @Nullable Integer virtualTokens,
    @Size(min = 1, max = 4096)
        @JsonPropertyDescription(
            "Text that the embeddings start from (default: random words of the vocabulary).")
        @Nullable String initText,
    @JsonPropertyDescription("Network that makes the embeddings, as in P-tuning (default: None).")
        @Nullable Encoder encoder) {

  /** Network that makes the embeddings. */
  public enum Encoder {
    @JsonProperty("None")
    NONE,
    @JsonProperty("MLP")
    MLP,
    @JsonProperty("LSTM")
    LSTM
  }
}
