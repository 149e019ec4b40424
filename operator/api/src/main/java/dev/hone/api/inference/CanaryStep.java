package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** One stage of a canary. */
@ApiType
public record CanaryStep(
    @Required
        @Min(1)
        @Max(100)
        @JsonPropertyDescription("Share of the traffic that the new version gets, in percent.")
        Integer weight,
    @Min(0)
        @Max(604800)
        @JsonPropertyDescription("Least time at this weight (default: until the analysis decides).")
        @Nullable Integer pauseSeconds) {}
