package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What serves the model. */
public enum Backend {
  @JsonProperty("Server")
  SERVER,
  @JsonProperty("Triton")
  TRITON
}
