package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.model.annotation.LabelSelector;
import io.fabric8.kubernetes.model.annotation.StatusReplicas;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is served. */
@ApiType
public record InferenceDeploymentStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription("Ready, ReferencesResolved and Available.") List<Condition> conditions,
    @JsonPropertyDescription("The model that is wanted.") @Nullable ServedModel model,
    @JsonPropertyDescription("Digest of the model that ready pods serve.")
        @Nullable String servedDigest,
    @JsonPropertyDescription("Address of the model inside the cluster.") @Nullable String endpoint,
    @JsonPropertyDescription("What really computes, as a ready pod says.")
        @Nullable String provider,
    @StatusReplicas
        @JsonPropertyDescription(
            "Pods that are wanted; with spec.autoscaling, as many as it asks for.")
        @Nullable Integer replicas,
    @JsonPropertyDescription("Pods that are ready.") @Nullable Integer readyReplicas,
    @LabelSelector
        @JsonPropertyDescription("Labels of the pods that serve, for the subresource scale.")
        @Nullable String selector,
    @JsonPropertyDescription("How a new version takes over, with spec.rollout.")
        @Nullable RolloutStatus rollout,
    @JsonPropertyDescription("The state, rounded for people.") @Nullable InferenceSummary summary) {

  public InferenceDeploymentStatus {
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
  }

  /** A status that says nothing yet. */
  public static InferenceDeploymentStatus empty() {
    return new Builder().build();
  }

  /** A builder that starts from this status. */
  public Builder toBuilder() {
    return new Builder()
        .observedGeneration(observedGeneration)
        .conditions(conditions)
        .model(model)
        .servedDigest(servedDigest)
        .endpoint(endpoint)
        .provider(provider)
        .replicas(replicas)
        .readyReplicas(readyReplicas)
        .selector(selector)
        .rollout(rollout)
        .summary(summary);
  }

  /** Builds a status member by member. */
  public static final class Builder {
    private @Nullable Long observedGeneration;
    private List<Condition> conditions = List.of();
    private @Nullable ServedModel model;
    private @Nullable String servedDigest;
    private @Nullable String endpoint;
    private @Nullable String provider;
    private @Nullable Integer replicas;
    private @Nullable Integer readyReplicas;
    private @Nullable String selector;
    private @Nullable RolloutStatus rollout;
    private @Nullable InferenceSummary summary;

    public Builder observedGeneration(@Nullable Long value) {
      this.observedGeneration = value;
      return this;
    }

    public Builder conditions(List<Condition> value) {
      this.conditions = value;
      return this;
    }

    public Builder model(@Nullable ServedModel value) {
      this.model = value;
      return this;
    }

    public Builder servedDigest(@Nullable String value) {
      this.servedDigest = value;
      return this;
    }

    public Builder endpoint(@Nullable String value) {
      this.endpoint = value;
      return this;
    }

    public Builder provider(@Nullable String value) {
      this.provider = value;
      return this;
    }

    public Builder replicas(@Nullable Integer value) {
      this.replicas = value;
      return this;
    }

    public Builder readyReplicas(@Nullable Integer value) {
      this.readyReplicas = value;
      return this;
    }

    public Builder selector(@Nullable String value) {
      this.selector = value;
      return this;
    }

    public Builder rollout(@Nullable RolloutStatus value) {
      this.rollout = value;
      return this;
    }

    public Builder summary(@Nullable InferenceSummary value) {
      this.summary = value;
      return this;
    }

    public InferenceDeploymentStatus build() {
      return new InferenceDeploymentStatus(
          observedGeneration,
          conditions,
          model,
          servedDigest,
          endpoint,
          provider,
          replicas,
          readyReplicas,
          selector,
          rollout,
          summary);
    }
  }
}
