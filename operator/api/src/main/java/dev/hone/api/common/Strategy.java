package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How several processes share a training. */
public enum Strategy {
  /** Every process holds the whole model; gradients are averaged. */
  @JsonProperty("DDP")
  DDP,
  /** Every process holds a part of each weight, gradient and optimizer state. */
  @JsonProperty("FSDP2")
  FSDP2
}
