package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Whether a node hands the same GPU to several pods. */
public enum GpuSharing {
  /** A GPU belongs to one pod. */
  @JsonProperty("Exclusive")
  EXCLUSIVE,
  /** Pods take turns on a GPU; nothing keeps their memory apart. */
  @JsonProperty("TimeSlicing")
  TIME_SLICING,
  /** Pods use a GPU at once by way of NVIDIA's Multi-Process Service. */
  @JsonProperty("MPS")
  MPS
}
