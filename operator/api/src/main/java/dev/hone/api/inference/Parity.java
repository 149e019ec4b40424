package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.ModelSource;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Comparison with a reference before and beside the traffic. */
@ApiType
@ValidationRule(
    value = "!has(self.goldenSet) || has(self.tolerances)",
    message = "write tolerances beside goldenSet: how far an answer to it may be off")
@ValidationRule(
    value = "!has(self.reference) || has(self.goldenSet)",
    message = "write goldenSet beside reference: what the reference is asked")
public record Parity(
    @JsonPropertyDescription(
            "The model whose answers to the golden set are right (default: the one that serves). It"
                + " gets a pod of its own until they are compared.")
        @Nullable ModelSource reference,
    @JsonPropertyDescription(
            "Requests that a new version must answer rightly, by tolerances, before any traffic.")
        @Nullable GoldenSet goldenSet,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "Share of requests that is repeated to the new version (default: 0.1).")
        @Nullable Double sampleShare,
    @Min(1)
        @Max(1_000_000)
        @JsonPropertyDescription("Compared requests before anything is decided (default: 100).")
        @Nullable Integer minSamples,
    @Size(min = 1, max = 16) @JsonPropertyDescription("How far outputs may be off.")
        List<Tolerance> tolerances) {

  public Parity {
    tolerances = tolerances == null ? List.of() : List.copyOf(tolerances);
  }
}
