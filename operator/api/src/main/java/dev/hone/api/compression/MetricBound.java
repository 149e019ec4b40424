package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How much worse a figure of the task may become. */
@ApiType
@ValidationRule(
    value = "has(self.maxDrop) != has(self.maxRatio)",
    message =
        "write exactly one of maxDrop (in the figure's own unit) and maxRatio (after divided by before)")
@ValidationRule(
    value = "!has(self.maxRatio) || self.name in ['perplexity', 'loss', 'mse', 'mae']",
    message =
        "maxRatio is for figures of which less is better (perplexity, loss, mse, mae): write maxDrop instead")
public record MetricBound(
    @Required
        @Size(min = 1, max = 64)
        @Pattern("^[a-z][A-Za-z0-9]*$")
        @JsonPropertyDescription(
            "One of the names below status.metrics.after.metrics, for example microF1, entityF1 or r2.")
        String name,
    @Min(0)
        @JsonPropertyDescription(
            "How much worse it may become, in its own unit: 0.01 of an F1, 1 of an accuracy in percent.")
        @Nullable Double maxDrop,
    @Min(0)
        @JsonPropertyDescription(
            "For figures of which less is better (perplexity, mse, mae): after divided by before, at most; 1.02 allows"
                + " 2% more.")
        @Nullable Double maxRatio) {}
