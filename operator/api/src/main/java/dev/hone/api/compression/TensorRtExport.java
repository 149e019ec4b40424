package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** A typed ONNX file, and the options that an engine is built with on the GPU that serves it. */
@ApiType
public record TensorRtExport(
    @JsonPropertyDescription("Number format of the typed graph (default: FP16).")
        @Nullable Precision precision,
    @Min(1) @Max(4096) @JsonPropertyDescription("Largest batch that the engine takes (default: 8).")
        @Nullable Integer maxBatchSize) {

  /** Number format of the typed graph. */
  public enum Precision {
    @JsonProperty("FP32")
    FP32,
    @JsonProperty("FP16")
    FP16,
    @JsonProperty("BF16")
    BF16,
    @JsonProperty("INT8")
    INT8
  }
}
