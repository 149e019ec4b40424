package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where a training is told of, beside the status. */
@ApiType
public record Tracking(
    @JsonPropertyDescription(
            "An MLflow tracking server; its credentials come by the container's environment.")
        @Nullable MlFlow mlflow) {

  /** A run on an MLflow tracking server. */
  @ApiType
  public record MlFlow(
      @Required
          @Size(max = 1024)
          @ValidationRule(
              value = "self.matches('^https?://.+$')",
              message = "write the tracking server's address, http://… or https://…")
          @JsonPropertyDescription("Address of the tracking server.")
          String uri,
      @Size(max = 256)
          @JsonPropertyDescription("Experiment to put the run into (default: NAMESPACE/NAME).")
          @Nullable String experiment) {}
}
