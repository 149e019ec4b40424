package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The smaller model that learns; what is not said is as in the model. */
@ApiType
@ValidationRule(
    value =
        "!has(self.layers) || !has(self.initFromLayers) || size(self.initFromLayers) == self.layers",
    message = "initFromLayers names one layer of the model for each of the student's layers")
public record Student(
    @Min(1) @Max(1000) @JsonPropertyDescription("Number of layers.") @Nullable Integer layers,
    @Min(1) @Max(65536) @JsonPropertyDescription("Width of the hidden states.")
        @Nullable Integer hiddenSize,
    @Min(1) @Max(262144) @JsonPropertyDescription("Width of the feed-forward blocks.")
        @Nullable Integer intermediateSize,
    @Size(min = 1, max = 1000)
        @JsonPropertyDescription(
            "Layers of the model that the student's layers start from, in order.")
        List<@Min(0) @Max(999) Integer> initFromLayers) {

  public Student {
    initFromLayers = initFromLayers == null ? List.of() : List.copyOf(initFromLayers);
  }
}
