package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a new version takes over. */
@ApiType
@ValidationRule(
    value =
        "!has(self.steps) || (self.steps.map(s, s.weight).isSorted()"
            + " && self.steps.all(s, self.steps.exists_one(t, t.weight == s.weight)))",
    message = "write the weights of steps in rising order, each once, for example 5, 25, 50")
@ValidationRule(
    value =
        "!has(self.surge) || self.surge != 'Never' || !has(self.parity) ||"
            + " !has(self.parity.reference)",
    message =
        "a reference is a pod more than surge: Never allows: write surge: Auto, or remove"
            + " parity.reference")
public record Rollout(
    @Size(min = 1, max = 10)
        @JsonPropertyDescription("Stages of the canary, by rising weight (default: all at once).")
        List<CanaryStep> steps,
    @JsonPropertyDescription("What a new version must keep to while it gets traffic.")
        @Nullable Analysis analysis,
    @JsonPropertyDescription("Comparison with a reference before and beside the traffic.")
        @Nullable Parity parity,
    @JsonPropertyDescription(
            "Whether a new version's pods are added (Always), or taken from those of the old one: with"
                + " Never it has its share of spec.replicas by its weight, and the old one has"
                + " fewer while the rollout lasts. Auto adds them, unless the nodes have had no"
                + " room for them for two minutes (default: Auto).")
        @Nullable Surge surge,
    @JsonPropertyDescription("Who goes back to the old version (default: Auto).")
        @Nullable Rollback rollback,
    @Min(0)
        @Max(604800)
        @JsonPropertyDescription(
            "Time that the old pods stay warm after the takeover (default: 300).")
        @Nullable Integer soakSeconds) {

  public Rollout {
    steps = steps == null ? List.of() : List.copyOf(steps);
  }

  /** Whether pods are added before old ones go; Auto only where there is room for them. */
  public enum Surge {
    @JsonProperty("Auto")
    AUTO,
    @JsonProperty("Always")
    ALWAYS,
    @JsonProperty("Never")
    NEVER
  }

  /** Who goes back to the old version. */
  public enum Rollback {
    @JsonProperty("Auto")
    AUTO,
    @JsonProperty("Manual")
    MANUAL
  }
}
