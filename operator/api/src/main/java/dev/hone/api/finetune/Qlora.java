package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Trains low-rank updates over a base model of four bits per weight. */
@ApiType
public record Qlora(
    @Min(1) @Max(1024) @JsonPropertyDescription("Rank of the updates (default: 8).")
        @Nullable Integer rank,
    @Min(1)
        @Max(4096)
        @JsonPropertyDescription("Scale of the updates; alpha / rank is the factor (default: 16).")
        @Nullable Integer alpha,
    @Min(0)
        @Max(value = 1, inclusive = false)
        @JsonPropertyDescription("Dropout before the updates (default: 0).")
        @Nullable Double dropout,
    @Size(min = 1, max = 64)
        @JsonPropertyDescription("Layers by the end of their names, or all-linear (the default).")
        List<@Size(min = 1, max = 256) String> targets,
    @JsonPropertyDescription("Number format of the base model (default: NF4).")
        @Nullable QuantType quantType,
    @JsonPropertyDescription("Quantizes the scales too (default: true).")
        @Nullable Boolean doubleQuant,
    @JsonPropertyDescription(
            "Number format of the products and of the other frozen weights (default: FP16 if precision is, BF16 else).")
        @Nullable ComputeType computeType,
    @JsonPropertyDescription(
            "Optimizer (default: PagedAdamW on a GPU, AdamW on a CPU, which has nothing to page).")
        @Nullable Optimizer optimizer) {

  public Qlora {
    targets = targets == null ? List.of() : List.copyOf(targets);
  }

  /** Four-bit number format. */
  public enum QuantType {
    @JsonProperty("NF4")
    NF4,
    @JsonProperty("FP4")
    FP4
  }

  /** Number format of the products. */
  public enum ComputeType {
    @JsonProperty("FP32")
    FP32,
    @JsonProperty("FP16")
    FP16,
    @JsonProperty("BF16")
    BF16
  }

  /** Optimizer. */
  public enum Optimizer {
    @JsonProperty("AdamW")
    ADAM_W,
    @JsonProperty("PagedAdamW")
    PAGED_ADAM_W,
    @JsonProperty("AdamW8bit")
    ADAM_W_8BIT,
    @JsonProperty("PagedAdamW8bit")
    PAGED_ADAM_W_8BIT
  }
}
