package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** The base model that QLoRA trained over. */
@ApiType
public record QuantizedBase(
    @JsonPropertyDescription("Number format of its linear layers.") @Nullable String quantType,
    @JsonPropertyDescription("Bytes of its linear layers, scales included.")
        @Nullable Long linearBytes,
    @JsonPropertyDescription("The same against BF16.") @Nullable Double linearRatio,
    @JsonPropertyDescription("The whole model's bytes against BF16.") @Nullable Double modelRatio,
    @JsonPropertyDescription(
            "Largest difference of a logit between the quantized model as it was trained, and the dequantized and"
                + " merged model that is saved.")
        @Nullable Double largestDifference) {}
