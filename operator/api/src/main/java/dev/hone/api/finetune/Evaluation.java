package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Evaluation while a training goes on. */
@ApiType
@ValidationRule(
    value = "!has(self.metric) || self.metric.matches('^[a-z][A-Za-z0-9]*$')",
    message = "write the metric as the status names it, for example loss, accuracy or macroF1")
public record Evaluation(
    @Required
        @Min(1)
        @Max(1_000_000_000)
        @JsonPropertyDescription("Optimizer steps between two evaluations.")
        Integer everySteps,
    @Size(max = 64)
        @JsonPropertyDescription(
            "The figure to go by: loss, or one that the task measures (default: the task's first).")
        @Nullable String metric,
    @JsonPropertyDescription(
            "Makes the weights of the best evaluation the artifact's, not the last (default: true).")
        @Nullable Boolean keepBest,
    @JsonPropertyDescription("Ends the training when it gets no better.")
        @Nullable EarlyStopping earlyStopping) {

  /** When a training that gets no better ends. */
  @ApiType
  public record EarlyStopping(
      @Required
          @Min(1)
          @Max(1_000_000)
          @JsonPropertyDescription("Evaluations in a row without improvement that end it.")
          Integer patience,
      @Min(0)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "How much better a figure must be to count as better (default: 0).")
          @Nullable Double minImprovement) {}
}
