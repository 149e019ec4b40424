package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** An ONNX file with dynamic axes. */
@ApiType
public record OnnxExport(
    @Min(17) @Max(24) @JsonPropertyDescription("Version of the operator set (default: 20).")
        @Nullable Integer opset) {}
