package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** Trains embeddings that stand before the input; they count into the longest input. */
@ApiType
public record PromptTuning(
    @Min(1) @Max(4096) @JsonPropertyDescription("Embeddings that are trained (default: 20).")
        @Nullable Integer virtualTokens,
    @Size(min = 1, max = 4096)
        @JsonPropertyDescription("Text that the embeddings start from (default: random).")
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
