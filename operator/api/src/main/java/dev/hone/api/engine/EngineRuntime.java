package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** What builds and loads an engine; another version cannot be trusted to load it. */
@ApiType
public record EngineRuntime(
    @Required @JsonPropertyDescription("TensorRT or CPU.") EngineProvider provider,
    @Required
        @Size(max = 32)
        @Pattern(VERSION)
        @JsonPropertyDescription("Version of ONNX Runtime, for example 1.29.0.")
        String onnxRuntime,
    @Size(max = 32)
        @Pattern(VERSION)
        @JsonPropertyDescription("Version of TensorRT, for example 10.13; only for it.")
        @Nullable String tensorRt) {

  private static final String VERSION = "^[0-9]+([.][0-9]+){0,3}$";
}
