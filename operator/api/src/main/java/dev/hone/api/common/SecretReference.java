package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** Names a Secret whose keys a source is read with; they reach the pod in its environment alone. */
@ApiType
public record SecretReference(
    @Required
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of the Secret in the same namespace.")
        String name) {

  /**
   * What stands before the names of its variables, so that sources can be read with different
   * Secrets and none of them can set a variable such as PATH. No two names share one.
   */
  public String variablePrefix() {
    return "HONE_SECRET_" + name.replace('-', '_').replace(".", "X") + "_";
  }
}
