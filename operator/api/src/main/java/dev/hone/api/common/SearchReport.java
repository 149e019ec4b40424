package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a search for a recipe tried, and the Pareto front that it found. */
@ApiType
public record SearchReport(
    @JsonPropertyDescription("What the best result is: Smallest, Fastest or MostAccurate.")
        String objective,
    @JsonPropertyDescription("Recipes that were tried.") int trials,
    @JsonPropertyDescription("Recipes that could not be carried out; search.csv says why.")
        @Nullable Integer failed,
    @JsonPropertyDescription(
            "Recipes that were given up once a part of the data had shown that another one is better in everything.")
        @Nullable Integer stoppedEarly,
    @JsonPropertyDescription("How long the trials took, all of them together.") double seconds,
    @JsonPropertyDescription("Number of the point whose artifact counts.")
        @Nullable Integer selected,
    @JsonPropertyDescription(
            "The Pareto front: recipes that no other one beats in accuracy, size and speed at once.")
        List<SearchPoint> points) {

  public SearchReport {
    points = points == null ? List.of() : List.copyOf(points);
  }

  /** The same report, with another point that counts. */
  public SearchReport select(@Nullable Integer trial) {
    return new SearchReport(objective, trials, failed, stoppedEarly, seconds, trial, points);
  }
}
