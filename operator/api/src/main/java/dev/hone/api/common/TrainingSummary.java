package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a training went. */
@ApiType
public record TrainingSummary(
    @JsonPropertyDescription("Optimizer steps done.") @Nullable Long steps,
    @JsonPropertyDescription("Passes over the data done.") @Nullable Double epochs,
    @JsonPropertyDescription("Training loss at the end.") @Nullable Double finalLoss,
    @JsonPropertyDescription("Parameters that were trained.") @Nullable Long trainableParameters,
    @JsonPropertyDescription("Parameters in all.") @Nullable Long totalParameters,
    @JsonPropertyDescription("Training samples per second.") @Nullable Double samplesPerSecond,
    @JsonPropertyDescription("Steps skipped because a gradient was not finite.")
        @Nullable Long skippedSteps,
    @JsonPropertyDescription("Most memory used, in bytes.") @Nullable Long peakMemoryBytes,
    @JsonPropertyDescription("Precision really used.") @Nullable String precision,
    @JsonPropertyDescription("Device really used.") @Nullable String device,
    @JsonPropertyDescription(
            "Threads that the CPU computed with; another number gives other last bits.")
        @Nullable Long threads,
    @JsonPropertyDescription("Step of the checkpoint that the run went on from.")
        @Nullable Long resumedFromStep,
    @JsonPropertyDescription("The best evaluation; its weights are the artifact's.")
        @Nullable BestStep best,
    @JsonPropertyDescription("Whether evaluation.earlyStopping ended the training.")
        @Nullable Boolean stoppedEarly,
    @JsonPropertyDescription("The last points of the loss curve; the artifact has all of them.")
        List<CurvePoint> lastPoints,
    @JsonPropertyDescription("The base model in four bits, if it was trained over one.")
        @Nullable QuantizedBase quantizedBase,
    @JsonPropertyDescription("What computed each operation that has a GPU kernel of its own.")
        List<Kernel> kernels) {

  public TrainingSummary {
    lastPoints = lastPoints == null ? List.of() : List.copyOf(lastPoints);
    kernels = kernels == null ? List.of() : List.copyOf(kernels);
  }
}
