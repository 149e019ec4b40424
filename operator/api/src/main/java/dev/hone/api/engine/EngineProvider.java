package dev.hone.api.engine;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What an engine is made by, and runs in. */
public enum EngineProvider {
  /** TensorRT within ONNX Runtime; the engine is a graph with TensorRT's plans in it. */
  @JsonProperty("TensorRT")
  TENSOR_RT("TensorRT"),
  /** ONNX Runtime's CPU provider; the engine is the graph as it is optimized for a CPU. */
  @JsonProperty("CPU")
  CPU("CPU");

  private final String value;

  EngineProvider(String value) {
    this.value = value;
  }

  /** The provider as it stands in a spec. */
  public String value() {
    return value;
  }
}
