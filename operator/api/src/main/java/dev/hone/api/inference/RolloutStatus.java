package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** How a new version takes over, and why it went so. */
@ApiType
public record RolloutStatus(
    @JsonPropertyDescription("How far the rollout is.") RolloutStage stage,
    @JsonPropertyDescription("The version that is trusted.") ServedModel stable,
    @JsonPropertyDescription("The version on trial.") @Nullable ServedModel candidate,
    @JsonPropertyDescription("The step of the canary, counted from 1.") @Nullable Integer step,
    @JsonPropertyDescription("Share of the traffic that the candidate gets, in percent.")
        Integer weight,
    @JsonPropertyDescription("When this stage, or this step, began (RFC 3339).") String since,
    @JsonPropertyDescription("The last decision, with the figures that it rests on.")
        String decision,
    @JsonPropertyDescription("What was measured in this stage.") @Nullable RolloutFigures figures,
    @JsonPropertyDescription("The version that failed last; it is not tried again by itself.")
        @Nullable ServedModel rejected,
    @JsonPropertyDescription("Generation of the spec that the failed version was tried under.")
        @Nullable Long rejectedGeneration,
    @JsonPropertyDescription("The golden set that the newest version on trial was given.")
        @Nullable GoldenSetStatus goldenSet,
    @JsonPropertyDescription(
            "Without surge: how many of spec.replicas the version on trial has; the stable"
                + " version has the others.")
        @Nullable Integer candidateReplicas) {

  /** The same with another golden set, or none. */
  public RolloutStatus withGoldenSet(@Nullable GoldenSetStatus other) {
    return with(other, candidateReplicas);
  }

  /** The same with another number of pods for the version on trial. */
  public RolloutStatus withCandidateReplicas(@Nullable Integer other) {
    return with(goldenSet, other);
  }

  private RolloutStatus with(@Nullable GoldenSetStatus set, @Nullable Integer replicas) {
    return new RolloutStatus(
        stage,
        stable,
        candidate,
        step,
        weight,
        since,
        decision,
        figures,
        rejected,
        rejectedGeneration,
        set,
        replicas);
  }
}
