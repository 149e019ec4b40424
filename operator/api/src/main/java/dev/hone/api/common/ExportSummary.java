package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a model was written as, and how close the file is to the network that it was made from. */
@ApiType
public record ExportSummary(
    @JsonPropertyDescription("ONNX, TensorRT, OpenVINO or LiteRT.") @Nullable String format,
    @JsonPropertyDescription("Version of the operators of the ONNX file.") @Nullable Integer opset,
    @JsonPropertyDescription("The file's logits against those of the PyTorch network.")
        @Nullable Parity parity,
    @JsonPropertyDescription("What else is to be known of the file.") @Nullable String message) {

  /** Formats that the server of Hone cannot run. */
  public static final Set<String> NOT_SERVED = Set.of("OpenVINO", "LiteRT");
}
