package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How weights are trained. */
@ApiType
@ValidationRule(
    value = "has(self.epochs) != has(self.steps)",
    message =
        "write exactly one of epochs (passes over the training data) and steps (optimizer steps)")
@ValidationRule(
    value = "!has(self.warmupRatio) || !has(self.warmupSteps)",
    message = "write only one of warmupRatio (share of the steps) and warmupSteps")
@ValidationRule(
    value =
        "!(has(self.warmupRatio) || has(self.warmupSteps)) || !has(self.schedule)"
            + " || self.schedule != 'Constant'",
    message =
        "the schedule Constant has no warm-up: write ConstantWithWarmup, or remove warmupRatio and"
            + " warmupSteps")
public record Training(
    @Min(value = 0, inclusive = false)
        @Max(10000)
        @JsonPropertyDescription("Passes over the training data; may be a fraction.")
        @Nullable Double epochs,
    @Min(1) @Max(1_000_000_000) @JsonPropertyDescription("Optimizer steps, instead of epochs.")
        @Nullable Integer steps,
    @Min(1) @Max(65536) @JsonPropertyDescription("Samples per device and step (default: 8).")
        @Nullable Integer batchSize,
    @Min(1) @Max(65536) @JsonPropertyDescription("Samples per device in evaluation (default: 32).")
        @Nullable Integer evaluationBatchSize,
    @Min(1)
        @Max(65536)
        @JsonPropertyDescription(
            "Batches whose gradients are added up for one optimizer step (default: 1).")
        @Nullable Integer gradientAccumulationSteps,
    @Min(value = 0, inclusive = false)
        @Max(10)
        @JsonPropertyDescription("Highest learning rate; the default depends on the method.")
        @Nullable Double learningRate,
    @JsonPropertyDescription("How the learning rate changes (default: Linear).")
        @Nullable Schedule schedule,
    @Min(0)
        @Max(value = 1, inclusive = false)
        @JsonPropertyDescription(
            "Share of the steps in which the learning rate rises (default: 0).")
        @Nullable Double warmupRatio,
    @Min(0)
        @Max(1_000_000_000)
        @JsonPropertyDescription(
            "Optimizer steps in which the learning rate rises, instead of warmupRatio.")
        @Nullable Integer warmupSteps,
    @Min(0) @Max(1) @JsonPropertyDescription("Decoupled weight decay (default: 0).")
        @Nullable Double weightDecay,
    @Min(0)
        @Max(1_000_000)
        @JsonPropertyDescription(
            "Norm that gradients are clipped to; 0 turns clipping off (default: 1).")
        @Nullable Double maxGradNorm,
    @JsonPropertyDescription(
            "Computes activations again in the backward pass, to save memory (default: false).")
        @Nullable Boolean gradientCheckpointing,
    @JsonPropertyDescription(
            "Concatenates short examples into blocks of task.maxLength, none of which sees another, for CausalLM"
                + " (default: false).")
        @Nullable Boolean packing,
    @Min(0)
        @Max(4294967295L)
        @JsonPropertyDescription(
            "Seed of everything random; same seed, device and threads, same result (default: 42).")
        @Nullable Long seed,
    @JsonPropertyDescription(
            "How much the examples of each label count in the loss, for classifications (default: all the same).")
        @Nullable ClassWeights classWeights,
    @JsonPropertyDescription(
            "How several processes share a training: DDP gives each the whole model, FSDP2 a part of each weight"
                + " (default: DDP).")
        @Nullable Strategy strategy) {}
