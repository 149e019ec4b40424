package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** A measured figure with its 95% interval, where there is one. */
@ApiType
public record Interval(
    @JsonPropertyDescription("The figure.") double value,
    @JsonPropertyDescription("Lower bound of the 95% interval.") @Nullable Double low,
    @JsonPropertyDescription("Upper bound of the 95% interval.") @Nullable Double high) {

  /** A figure without an interval. */
  public static Interval of(double value) {
    return new Interval(value, null, null);
  }
}
