package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** Names another resource of the same namespace, whose artifact is taken. */
@ApiType
public record SourceReference(
    @Required @JsonPropertyDescription("Kind of the resource that makes the model.")
        SourceKind kind,
    @Required
        @Size(min = 1, max = 40)
        @JsonPropertyDescription(
            "Name of that resource in the same namespace; it may be created later.")
        String name) {

  @Override
  public String toString() {
    return kind.kind() + " " + name;
  }
}
