package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How the number of pods follows the load. */
@ApiType
@ValidationRule(
    value = "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
    message = "minReplicas must not be greater than maxReplicas")
@ValidationRule(
    value = "has(self.cpuUtilization) || has(self.queuedRequests)",
    message =
        "write what to follow: cpuUtilization (for example 70) or queuedRequests (for example 4)")
public record Autoscaling(
    @Min(1) @Max(1000) @JsonPropertyDescription("Fewest pods (default: 1).")
        @Nullable Integer minReplicas,
    @Required @Min(1) @Max(1000) @JsonPropertyDescription("Most pods.") Integer maxReplicas,
    @Min(1)
        @Max(100)
        @JsonPropertyDescription(
            "CPU use of the server that is aimed at, in percent of its request.")
        @Nullable Integer cpuUtilization,
    @Min(1)
        @Max(100000)
        @JsonPropertyDescription(
            "Waiting requests per pod that are aimed at, from the metric nv_inference_pending_request_count of the custom"
                + " metrics API.")
        @Nullable Integer queuedRequests) {

  /** Fewest pods, with the default. */
  public int atLeast() {
    return minReplicas == null ? 1 : minReplicas;
  }

  /** The number of pods nearest to another one that is within the bounds. */
  public int within(int pods) {
    return Math.clamp(pods, atLeast(), maxReplicas);
  }
}
