package dev.hone.server.engine;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of an engine's key, as the spec of an EngineBuild has them. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EngineSpec(
    Model model, Versions runtime, Machine target, Profile profile, Map<String, String> options) {

  /** Fills in what may be left out. */
  public EngineSpec {
    options = options == null ? Map.of() : Map.copyOf(options);
  }

  /** The model, by the digest of its artifact. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Model(String digest) {}

  /**
   * What builds and loads the engine.
   *
   * @param provider TensorRT or CPU
   * @param onnxRuntime version of ONNX Runtime
   * @param tensorRt version of TensorRT, for it alone
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Versions(String provider, String onnxRuntime, @Nullable String tensorRt) {}

  /** The shapes that the engine is built for. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Profile(Range batch, @Nullable Range sequenceLength) {}

  /** The sizes that an axis may have, and the one to be best at. */
  public record Range(int min, int opt, int max) {}
}
