package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** Folds neighboring operators into one. */
@ApiType
public record Fuse(
    @Size(min = 1, max = 8) @JsonPropertyDescription("What is folded, each once (default: all).")
        List<Pattern> patterns) {

  public Fuse {
    patterns = patterns == null ? List.of() : List.copyOf(patterns);
  }

  /** Operators that follow one another. */
  public enum Pattern {
    @JsonProperty("ConvBNReLU")
    CONV_BN_RELU,
    @JsonProperty("ConvBN")
    CONV_BN,
    @JsonProperty("LinearBN")
    LINEAR_BN,
    @JsonProperty("ConvBNAddReLU")
    CONV_BN_ADD_RELU
  }
}
