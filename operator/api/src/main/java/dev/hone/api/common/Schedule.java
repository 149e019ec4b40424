package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How the learning rate changes over a training. */
public enum Schedule {
  @JsonProperty("Linear")
  LINEAR,
  @JsonProperty("Cosine")
  COSINE,
  @JsonProperty("Constant")
  CONSTANT,
  @JsonProperty("ConstantWithWarmup")
  CONSTANT_WITH_WARMUP,
  @JsonProperty("Polynomial")
  POLYNOMIAL
}
