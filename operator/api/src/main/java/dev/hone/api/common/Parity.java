package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** How far the answers of an exported file are from PyTorch's, on the same samples. */
@ApiType
public record Parity(
    @Min(0) @JsonPropertyDescription("Largest difference of a logit.") @Nullable Double maxAbsolute,
    @Min(0) @JsonPropertyDescription("L2 norm of the differences over that of PyTorch's logits.")
        @Nullable Double relativeL2,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "Share of answers with the same largest logit, from 0 to 1; missing where an answer is one number.")
        @Nullable Double topAgreement,
    @Min(1) @JsonPropertyDescription("Samples that were answered by both.")
        @Nullable Integer samples) {}
