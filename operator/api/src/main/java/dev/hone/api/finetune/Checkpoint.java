package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** How a training saves itself, so that another pod can go on. */
@ApiType
public record Checkpoint(
    @Min(1) @Max(1_000_000_000) @JsonPropertyDescription("Optimizer steps between two checkpoints.")
        @Nullable Integer everySteps,
    @Min(1) @Max(100) @JsonPropertyDescription("Checkpoints that are kept (default: 2).")
        @Nullable Integer keepLast) {}
