package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/**
 * Trains keys and values that stand before those of every layer; task.maxLength and they share the
 * model's positions.
 */
@ApiType
public record PrefixTuning(
    @Min(1) @Max(4096) @JsonPropertyDescription("Length of the prefix (default: 20).")
        @Nullable Integer virtualTokens,
    @JsonPropertyDescription("Trains the prefix through a small network (default: false).")
        @Nullable Boolean projection) {}
