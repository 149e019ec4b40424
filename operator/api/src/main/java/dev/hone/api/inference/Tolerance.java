package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How far an output may be off. */
@ApiType
@ValidationRule(
    value = "has(self.maxAbs) || has(self.relativeL2) || has(self.top1Agreement)",
    message = "write at least one of maxAbs, relativeL2 and top1Agreement")
public record Tolerance(
    @Size(min = 1, max = 128)
        @JsonPropertyDescription("Name of the output (default: every output).")
        @Nullable String output,
    @Min(0) @Max(1_000_000) @JsonPropertyDescription("Greatest difference of one value.")
        @Nullable Double maxAbs,
    @Min(0)
        @Max(1_000_000)
        @JsonPropertyDescription("Norm of the difference divided by the norm of the reference.")
        @Nullable Double relativeL2,
    @Min(0) @Max(1) @JsonPropertyDescription("Least share of samples with the same top answer.")
        @Nullable Double top1Agreement) {}
