package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** GPUs that a pod would rather have than others. */
@ApiType
public record GpuPreference(
    @Required @JsonPropertyDescription("What those GPUs are like.") GpuFeatures features,
    @Min(1)
        @Max(100)
        @JsonPropertyDescription("Weight among other preferences, 1 to 100 (default: 100).")
        @Nullable Integer weight) {

  private static final int DEFAULT_WEIGHT = 100;

  /** The weight, as the scheduler takes it. */
  public int effectiveWeight() {
    return weight == null ? DEFAULT_WEIGHT : weight;
  }
}
