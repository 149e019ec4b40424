package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** Looks for the steps by itself. */
@ApiType
public record Search(
    @Required @JsonPropertyDescription("What the best result under the gate is.")
        Objective objective,
    @Min(1) @Max(1000) @JsonPropertyDescription("Most recipes that are tried (default: 30).")
        @Nullable Integer trials,
    @Min(60)
        @Max(31_536_000)
        @JsonPropertyDescription(
            "No recipe is begun once all of them together took so long (default: no limit).")
        @Nullable Long timeoutSeconds,
    @Min(value = 0, inclusive = false)
        @Max(1_000_000)
        @JsonPropertyDescription(
            "No recipe is begun once all of them together took so many GPU hours (default: no limit).")
        @Nullable Double gpuHours,
    @Min(1)
        @Max(64)
        @JsonPropertyDescription("Recipes that are tried at the same time (default: 1).")
        @Nullable Integer parallelism,
    @Min(0)
        @Max(999)
        @JsonPropertyDescription(
            "Takes this trial of the Pareto front, by its number in status.search.points, instead of the best one; may"
                + " change at any time, without a new search.")
        @Nullable Integer select) {

  /** What a pod has to know: everything but the point that is taken, which may change. */
  public Search executed() {
    return new Search(objective, trials, timeoutSeconds, gpuHours, parallelism, null);
  }

  /** What the best result is. */
  public enum Objective {
    @JsonProperty("Smallest")
    SMALLEST,
    @JsonProperty("Fastest")
    FASTEST,
    @JsonProperty("MostAccurate")
    MOST_ACCURATE
  }
}
