package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** How much worse a figure of the task may become. */
@ApiType
public record MetricBound(
    @Required
        @Size(min = 1, max = 64)
        @Pattern("^[a-z][A-Za-z0-9]*$")
        @JsonPropertyDescription(
            "One of the names below status.metrics.after.metrics, for example microF1, entityF1 or r2.")
        String name,
    @Required
        @Min(0)
        @JsonPropertyDescription(
            "How much worse it may become, in its own unit: 0.01 of an F1, 1 of an accuracy in percent.")
        Double maxDrop) {}
