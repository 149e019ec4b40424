package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of the artifact when its resource is deleted. */
public enum DeletionPolicy {
  @JsonProperty("Retain")
  RETAIN,
  @JsonProperty("Delete")
  DELETE
}
