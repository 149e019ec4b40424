package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;

/** How long one phase of a run took. */
@ApiType
public record PhaseDuration(
    @JsonPropertyDescription("Name of the phase.") String name,
    @JsonPropertyDescription("Its seconds.") double seconds) {}
