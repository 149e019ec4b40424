package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Kinds that make an artifact which another resource can start from. */
public enum SourceKind {
  @JsonProperty("FineTuneJob")
  FINE_TUNE_JOB("FineTuneJob"),
  @JsonProperty("CompressionJob")
  COMPRESSION_JOB("CompressionJob");

  private final String kind;

  SourceKind(String kind) {
    this.kind = kind;
  }

  /** The kind as it is written in a manifest. */
  public String kind() {
    return kind;
  }
}
