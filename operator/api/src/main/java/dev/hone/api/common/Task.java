package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the model is for. */
@ApiType
@ValidationRule(
    value =
        "!(self.type in ['TextClassification', 'TokenClassification', 'ImageClassification'])"
            + " || (has(self.labels) && size(self.labels) >= 2)",
    message = "a classification needs at least two labels: write for example labels: [ham, spam]")
@ValidationRule(
    value =
        "self.type != 'MultiLabelClassification' || (has(self.labels) && size(self.labels) >= 1)",
    message =
        "a multi-label classification needs at least one label: write for example labels: [urgent, billing]")
@ValidationRule(
    value = "!(self.type in ['Regression', 'CausalLM']) || !has(self.labels)",
    message = "Regression and CausalLM have no labels: remove labels, or write another type")
public record Task(
    @Required @JsonPropertyDescription("What the model predicts.") TaskType type,
    @Size(min = 1, max = 1000)
        @JsonPropertyDescription(
            "Names of the labels, each once; their order is that of the model's outputs.")
        List<@Size(min = 1, max = 128) String> labels,
    @Min(1)
        @Max(131072)
        @JsonPropertyDescription(
            "Longest input in tokens; what is longer is cut off (default: 128).")
        @Nullable Integer maxLength) {

  public Task {
    labels = labels == null ? List.of() : List.copyOf(labels);
  }
}
