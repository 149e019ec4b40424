package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.Training;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** Trains a smaller student on the answers of a teacher. */
@ApiType
public record Distill(
    @JsonPropertyDescription("The model that teaches (default: the model of this job).")
        @Nullable ModelSource teacher,
    @JsonPropertyDescription("The model that learns (default: shaped as the model of this job).")
        @Nullable Student student,
    @Min(value = 0, inclusive = false)
        @Max(100)
        @JsonPropertyDescription("Softens the answers (default: 2).")
        @Nullable Double temperature,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "Weight of the teacher's answers; the labels have the rest (default: 0.5).")
        @Nullable Double alpha,
    @Min(0)
        @Max(1_000_000)
        @JsonPropertyDescription("Weight of the loss on hidden states (default: 0).")
        @Nullable Double hiddenStateWeight,
    @Min(0)
        @Max(1_000_000)
        @JsonPropertyDescription("Weight of the loss on attention (default: 0).")
        @Nullable Double attentionWeight,
    @JsonPropertyDescription("How the student is trained.") @Nullable Training training) {}
