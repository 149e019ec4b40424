package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How data is stored. */
public enum DataFormat {
  @JsonProperty("JSONLines")
  JSON_LINES,
  @JsonProperty("CSV")
  CSV,
  @JsonProperty("Parquet")
  PARQUET,
  @JsonProperty("ImageFolder")
  IMAGE_FOLDER
}
