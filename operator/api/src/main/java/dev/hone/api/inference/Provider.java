package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What computes. */
public enum Provider {
  @JsonProperty("TensorRT")
  TENSOR_RT,
  @JsonProperty("CUDA")
  CUDA,
  @JsonProperty("CPU")
  CPU
}
