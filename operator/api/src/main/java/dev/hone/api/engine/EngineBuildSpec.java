package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.crd.generator.annotation.SchemaFrom;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The key of an engine, and where it is built. */
@ApiType
@ValidationRule(
    value =
        "self.model == oldSelf.model && self.runtime == oldSelf.runtime && self.target =="
            + " oldSelf.target && self.profile == oldSelf.profile && has(self.options) =="
            + " has(oldSelf.options) && (!has(self.options) || self.options == oldSelf.options)",
    message =
        "an EngineBuild is named by its key, which cannot change: the operator makes another one"
            + " for another key")
public record EngineBuildSpec(
    @Required @JsonPropertyDescription("The model.") EngineModel model,
    @Required @JsonPropertyDescription("What builds and loads the engine.") EngineRuntime runtime,
    @Required @JsonPropertyDescription("Where it runs.") EngineTarget target,
    @Required @JsonPropertyDescription("The shapes that it is built for.") ShapeProfile profile,
    @Size(max = 32) @JsonPropertyDescription("What else the builder is told.")
        Map<@Size(min = 1, max = 63) String, @Size(max = 253) String> options,
    @JsonPropertyDescription(
            "What the pod that builds it is made from: that of the first resource that asked. Not"
                + " part of the key.")
        @SchemaFrom(type = Object.class)
        @PreserveUnknownFields
        @Nullable PodTemplateSpec podTemplate) {

  public EngineBuildSpec {
    options = options == null ? Map.of() : Map.copyOf(options);
  }
}
