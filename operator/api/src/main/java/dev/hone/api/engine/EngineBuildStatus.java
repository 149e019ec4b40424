package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.RunFailure;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of an engine. */
@ApiType
public record EngineBuildStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription("Ready.") List<Condition> conditions,
    @JsonPropertyDescription("The engine, once it is there.") @Nullable EngineArtifact engine,
    @JsonPropertyDescription("Why the last pod failed, in the words of the builder.")
        @Nullable RunFailure failure,
    @JsonPropertyDescription("Where the engine runs, in a few words.") @Nullable String target,
    @JsonPropertyDescription(
            "Since when no InferenceDeployment needs the engine; nothing while one does.")
        @Nullable String unusedSince) {

  public EngineBuildStatus {
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
  }

  /** A status that says nothing yet. */
  public static EngineBuildStatus empty() {
    return new EngineBuildStatus(null, List.of(), null, null, null, null);
  }
}
