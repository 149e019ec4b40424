package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** What the model is written as: exactly one member is there. */
@ApiType
@ValidationRule(
    value =
        "[has(self.onnx), has(self.tensorRT), has(self.tfLite), has(self.openVINO)].filter(x, x).size() == 1",
    message = "write exactly one format: onnx, tensorRT, tfLite or openVINO, for example onnx: {}")
public record Export(
    @JsonPropertyDescription("An ONNX file with dynamic axes.") @Nullable OnnxExport onnx,
    @JsonPropertyDescription("A typed ONNX file, and the options that an engine is built with.")
        @Nullable TensorRtExport tensorRT,
    @JsonPropertyDescription("A LiteRT file with fixed shapes.") @Nullable TfLiteExport tfLite,
    @JsonPropertyDescription("An OpenVINO model.") @Nullable OpenVinoExport openVINO) {

  /** The name of the member that is there, as it is written in a manifest. */
  public String choice() {
    if (onnx != null) {
      return "onnx";
    }
    if (tensorRT != null) {
      return "tensorRT";
    }
    if (tfLite != null) {
      return "tfLite";
    }
    if (openVINO != null) {
      return "openVINO";
    }
    return "none";
  }
}
