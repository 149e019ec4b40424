package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What computes. */
public enum Provider {
  @JsonProperty("TensorRT")
  TENSOR_RT("TensorRT"),
  @JsonProperty("CUDA")
  CUDA("CUDA"),
  @JsonProperty("CPU")
  CPU("CPU");

  private final String text;

  Provider(String text) {
    this.text = text;
  }

  /** As a manifest and the server's setting write it. */
  public String text() {
    return text;
  }
}
