package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** One technique: exactly one member is there. */
@ApiType
@ValidationRule(
    value =
        "[has(self.distill), has(self.prune), has(self.factorize), has(self.shareWeights), has(self.quantize),"
            + " has(self.fuse)].filter(x, x).size() == 1",
    message =
        "write exactly one technique per step: distill, prune, factorize, shareWeights, quantize or fuse; several"
            + " techniques are several steps")
public record Step(
    @JsonPropertyDescription("Trains a smaller student on the answers of a teacher.")
        @Nullable Distill distill,
    @JsonPropertyDescription("Removes weights, or whole parts of the model.") @Nullable Prune prune,
    @JsonPropertyDescription("Replaces weight matrices by products of two thin ones.")
        @Nullable Factorize factorize,
    @JsonPropertyDescription("Stores weights as indices into small codebooks.")
        @Nullable ShareWeights shareWeights,
    @JsonPropertyDescription("Stores weights, and maybe computes, in fewer bits.")
        @Nullable Quantize quantize,
    @JsonPropertyDescription("Folds neighboring operators into one.") @Nullable Fuse fuse) {

  /** The name of the member that is there, as it is written in a manifest. */
  public String choice() {
    if (distill != null) {
      return "distill";
    }
    if (prune != null) {
      return "prune";
    }
    if (factorize != null) {
      return "factorize";
    }
    if (shareWeights != null) {
      return "shareWeights";
    }
    if (quantize != null) {
      return "quantize";
    }
    if (fuse != null) {
      return "fuse";
    }
    return "none";
  }
}
