package dev.hone.contract;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a run does. */
public enum Phase {
  @JsonProperty("Fetching")
  FETCHING("Fetching"),
  @JsonProperty("Preparing")
  PREPARING("Preparing"),
  @JsonProperty("Training")
  TRAINING("Training"),
  @JsonProperty("Exporting")
  EXPORTING("Exporting"),
  @JsonProperty("Compressing")
  COMPRESSING("Compressing"),
  @JsonProperty("Evaluating")
  EVALUATING("Evaluating"),
  @JsonProperty("Measuring")
  MEASURING("Measuring"),
  @JsonProperty("Saving")
  SAVING("Saving");

  private final String value;

  Phase(String value) {
    this.value = value;
  }

  /** The phase as it stands in a report. */
  public String value() {
    return value;
  }
}
