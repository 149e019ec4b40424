package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.Training;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Removes weights, or whole parts of the model. */
@ApiType
@ValidationRule(
    value = "(has(self.pattern) && self.pattern == 'TwoFour') != has(self.sparsity)",
    message =
        "write sparsity, the share to remove (the pattern TwoFour alone has none: it always removes half)")
@ValidationRule(
    value = "!has(self.gradualSteps) || !has(self.pattern) || self.pattern == 'Unstructured'",
    message =
        "gradualSteps is for the pattern Unstructured: remove it, or write pattern: Unstructured")
@ValidationRule(
    value =
        "!has(self.gradualSteps)"
            + " || (has(self.training) && !(has(self.importance) && self.importance != 'Magnitude'))",
    message =
        "gradualSteps removes weights while they are trained, by their magnitude: write training, and no other"
            + " importance")
@ValidationRule(
    value =
        "!has(self.importance) || self.importance != 'BatchNormScale'"
            + " || (has(self.pattern) && self.pattern == 'Channels')",
    message =
        "BatchNormScale is for the pattern Channels: write importance Magnitude or Taylor, or pattern: Channels")
public record Prune(
    @JsonPropertyDescription("What is removed (default: Unstructured, single weights).")
        @Nullable Pattern pattern,
    @Min(value = 0, inclusive = false)
        @Max(value = 1, inclusive = false)
        @JsonPropertyDescription("Share that is removed.")
        @Nullable Double sparsity,
    @JsonPropertyDescription(
            "Whether weights compete over the whole model or within a layer (default: Global).")
        @Nullable Scope scope,
    @JsonPropertyDescription("What tells the weights that matter (default: Magnitude).")
        @Nullable Importance importance,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription(
            "Optimizer steps over which the sparsity rises (default: at once).")
        @Nullable Integer gradualSteps,
    @Size(min = 1, max = 64) @JsonPropertyDescription("Layers that stay whole, by name.")
        List<@Size(min = 1, max = 256) String> excludeLayers,
    @JsonPropertyDescription("Training after the removal (default: none).")
        @Nullable Training training) {

  public Prune {
    excludeLayers = excludeLayers == null ? List.of() : List.copyOf(excludeLayers);
  }

  /** What is removed. */
  public enum Pattern {
    @JsonProperty("Unstructured")
    UNSTRUCTURED,
    @JsonProperty("TwoFour")
    TWO_FOUR,
    @JsonProperty("Channels")
    CHANNELS,
    @JsonProperty("Heads")
    HEADS,
    @JsonProperty("Layers")
    LAYERS
  }

  /** Where weights compete. */
  public enum Scope {
    @JsonProperty("Global")
    GLOBAL,
    @JsonProperty("Local")
    LOCAL
  }

  /** What tells the weights that matter. */
  public enum Importance {
    @JsonProperty("Magnitude")
    MAGNITUDE,
    @JsonProperty("Taylor")
    TAYLOR,
    @JsonProperty("BatchNormScale")
    BATCH_NORM_SCALE
  }
}
