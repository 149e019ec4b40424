package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How much the examples of each label count in the loss. */
@ApiType
@ValidationRule(
    value = "has(self.mode) != has(self.weights)",
    message =
        "write exactly one of mode: Balanced (rare labels count more) and weights (for example weights: {spam: 3})")
@ValidationRule(
    value = "!has(self.weights) || self.weights.all(label, self.weights[label] > 0.0)",
    message = "a weight is greater than 0: remove the label from task.labels to leave it out")
public record ClassWeights(
    @JsonPropertyDescription("How the weights are worked out from the training data.")
        @Nullable Mode mode,
    @Size(min = 1, max = 256)
        @JsonPropertyDescription("Weight of each label by its name; 1 where it is left out.")
        @Nullable Map<String, Double> weights) {

  /** How weights are worked out. */
  public enum Mode {
    @JsonProperty("Balanced")
    BALANCED
  }
}
