package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.Training;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stores weights, and maybe computes, in fewer bits. */
@ApiType
@ValidationRule(
    value =
        "!has(self.calibration) || self.scheme in ['INT8Static', 'INT8QAT'] || has(self.smoothQuantAlpha)",
    message =
        "calibration is for INT8Static and INT8QAT, and for smoothQuantAlpha: remove it, or write another scheme")
@ValidationRule(
    value = "!has(self.smoothQuantAlpha) || self.scheme in ['INT8Static', 'INT8Dynamic']",
    message =
        "smoothQuantAlpha is for INT8Static and INT8Dynamic: remove it, or write another scheme")
@ValidationRule(
    value = "!has(self.groupSize) || self.scheme == 'INT4WeightOnly'",
    message = "groupSize is for INT4WeightOnly: remove it, or write scheme: INT4WeightOnly")
@ValidationRule(
    value = "!has(self.groupSize) || self.groupSize in [16, 32, 64, 128, 256]",
    message = "groupSize must be 16, 32, 64, 128 or 256")
@ValidationRule(
    value =
        "!has(self.embeddingBits) || (self.scheme == 'INT4WeightOnly' && (!has(self.embeddings) || self.embeddings))",
    message =
        "embeddingBits is for INT4WeightOnly that quantizes embeddings: remove it, or write scheme: INT4WeightOnly")
@ValidationRule(
    value = "!has(self.embeddingBits) || self.embeddingBits in [4, 8]",
    message = "embeddingBits must be 4 or 8")
@ValidationRule(
    value =
        "!has(self.sensitivity) || self.scheme in ['INT8Static', 'INT8Dynamic', 'INT4WeightOnly']",
    message =
        "sensitivity is for INT8Static, INT8Dynamic and INT4WeightOnly: remove it, or write another scheme")
@ValidationRule(
    value =
        "!has(self.target) || self.target == 'CPU' || !(self.scheme in ['INT8Dynamic', 'INT4WeightOnly', 'BF16'])",
    message =
        "INT8Dynamic, INT4WeightOnly and BF16 are for target: CPU; for TensorRT write scheme: INT8Static or FP16")
@ValidationRule(
    value = "has(self.training) == (self.scheme == 'INT8QAT')",
    message =
        "training belongs to INT8QAT and INT8QAT needs it: write training: {epochs: 1}, or another scheme")
public record Quantize(
    @Required @JsonPropertyDescription("Number format and how it is reached.") Scheme scheme,
    @JsonPropertyDescription(
            "One scale per output channel instead of one per tensor (default: true).")
        @Nullable Boolean perChannel,
    @JsonPropertyDescription("Quantizes embeddings too (default: true).")
        @Nullable Boolean embeddings,
    @JsonPropertyDescription(
            "What the result runs on: CPU (the default) or TensorRT; no format serves both well.")
        @Nullable Target target,
    @JsonPropertyDescription("How ranges of activations are found, for INT8Static and INT8QAT.")
        @Nullable Calibration calibration,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "How far outliers move from activations into weights (default: off).")
        @Nullable Double smoothQuantAlpha,
    @Min(16)
        @Max(256)
        @JsonPropertyDescription("Weights per scale, for INT4WeightOnly (default: 32).")
        @Nullable Integer groupSize,
    @Min(4)
        @Max(8)
        @JsonPropertyDescription(
            "Bits of an embedding's numbers, for INT4WeightOnly: 4 or 8 (default: 8).")
        @Nullable Integer embeddingBits,
    @Size(min = 1, max = 64) @JsonPropertyDescription("Layers that stay as they are, by name.")
        List<@Size(min = 1, max = 256) String> excludeLayers,
    @JsonPropertyDescription(
            "Finds the layers that lose most, on calibration data, and leaves them as they are (default: for INT8Static,"
                + " with its defaults).")
        @Nullable Sensitivity sensitivity,
    @JsonPropertyDescription("Training under quantization, for INT8QAT.")
        @Nullable Training training) {

  public Quantize {
    excludeLayers = excludeLayers == null ? List.of() : List.copyOf(excludeLayers);
  }

  /** Number format and how it is reached. */
  public enum Scheme {
    @JsonProperty("FP16")
    FP16,
    @JsonProperty("BF16")
    BF16,
    @JsonProperty("INT8Dynamic")
    INT8_DYNAMIC,
    @JsonProperty("INT8Static")
    INT8_STATIC,
    @JsonProperty("INT8QAT")
    INT8_QAT,
    @JsonProperty("INT4WeightOnly")
    INT4_WEIGHT_ONLY
  }

  /** What the result runs on. */
  public enum Target {
    @JsonProperty("CPU")
    CPU,
    @JsonProperty("TensorRT")
    TENSOR_RT
  }
}
