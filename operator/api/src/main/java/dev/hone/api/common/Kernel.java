package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** What computed an operation that has a kernel in the Triton language. */
@ApiType
public record Kernel(
    @JsonPropertyDescription("The operation.") @Nullable String operation,
    @JsonPropertyDescription("Triton for the kernel, Reference for PyTorch's own operations.")
        @Nullable String implementation,
    @JsonPropertyDescription("Why that one.") @Nullable String reason) {}
