package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What the model is for. */
public enum TaskType {
  @JsonProperty("TextClassification")
  TEXT_CLASSIFICATION,
  @JsonProperty("MultiLabelClassification")
  MULTI_LABEL_CLASSIFICATION,
  @JsonProperty("Regression")
  REGRESSION,
  @JsonProperty("TokenClassification")
  TOKEN_CLASSIFICATION,
  @JsonProperty("CausalLM")
  CAUSAL_LM,
  @JsonProperty("ImageClassification")
  IMAGE_CLASSIFICATION
}
