package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How far a rollout is. */
public enum RolloutStage {
  /** The candidate's pods are starting. */
  @JsonProperty("Preparing")
  PREPARING("Preparing"),
  /** The candidate answers the golden set, and gets no traffic. */
  @JsonProperty("GoldenSet")
  GOLDEN_SET("GoldenSet"),
  /** The candidate gets copies of requests, and its answers are compared. */
  @JsonProperty("Shadow")
  SHADOW("Shadow"),
  /** The candidate answers a share of the requests. */
  @JsonProperty("Canary")
  CANARY("Canary"),
  /** The candidate answers everything, and the old pods stay warm. */
  @JsonProperty("Soaking")
  SOAKING("Soaking"),
  /** There is no candidate: the stable version is the one that is wanted. */
  @JsonProperty("Complete")
  COMPLETE("Complete"),
  /** The candidate failed; the stable version answers everything. */
  @JsonProperty("RolledBack")
  ROLLED_BACK("RolledBack");

  private final String text;

  RolloutStage(String text) {
    this.text = text;
  }

  /** Whether a candidate is there, and has seen nothing of what clients ask. */
  public boolean isBeforeTraffic() {
    return this == PREPARING || this == GOLDEN_SET;
  }

  /** As it stands in a status. */
  public String text() {
    return text;
  }
}
