package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a GPU is like, by the node labels of NVIDIA's GPU Feature Discovery. */
@ApiType
@ValidationRule(
    value =
        "has(self.products) || has(self.minMemory) || has(self.minComputeCapability) || has(self.minDriver)"
            + " || has(self.sharing)",
    message =
        "write at least one of products, minMemory, minComputeCapability, minDriver and sharing")
public record GpuFeatures(
    @Size(min = 1, max = 16)
        @JsonPropertyDescription("Products, as the node label nvidia.com/gpu.product names them.")
        List<@Size(min = 1, max = 63) String> products,
    @Size(min = 1, max = 32)
        @ValidationRule(value = Cel.QUANTITY, message = Cel.QUANTITY_MESSAGE)
        @JsonPropertyDescription(
            "Least memory of a GPU. A driver reports a little less than a product's name says: write 80G rather than"
                + " 80Gi.")
        @Nullable Quantity minMemory,
    @Size(max = 8)
        @Pattern("^[1-9][0-9]?[.][0-9]$")
        @JsonPropertyDescription("Least compute capability, for example 8.0 (needed by bfloat16).")
        @Nullable String minComputeCapability,
    @Size(max = 16)
        @Pattern("^[1-9][0-9]{2,3}([.][0-9]{1,3})?$")
        @JsonPropertyDescription("Least version of the driver, for example 550 or 550.54.")
        @Nullable String minDriver,
    @JsonPropertyDescription("Whether the GPU is shared with other pods.")
        @Nullable GpuSharing sharing) {

  public GpuFeatures {
    products = products == null ? List.of() : List.copyOf(products);
  }
}
