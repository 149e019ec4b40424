package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How NVIDIA's device plugin offers MIG instances. */
public enum MigStrategy {
  /** Each profile is a resource of its own, such as nvidia.com/mig-1g.10gb. */
  @JsonProperty("Mixed")
  MIXED,
  /** All instances of a node are alike and offered as nvidia.com/gpu; labels tell their profile. */
  @JsonProperty("Single")
  SINGLE
}
