package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** A recipe of the Pareto front, and what it makes of the model. */
@ApiType
public record SearchPoint(
    @JsonPropertyDescription("Number of the trial, for spec.search.select.") int trial,
    @JsonPropertyDescription("Its steps, in short.") String recipe,
    @JsonPropertyDescription("What it costs and brings, on one line.") String summary,
    @JsonPropertyDescription("Its own artifact, a part of the search's.") PointArtifact artifact,
    @JsonPropertyDescription("What was measured of the result.") Measurement after,
    @JsonPropertyDescription("The result against the model as it was.") Comparison comparison,
    @JsonPropertyDescription("What the result was written as.") @Nullable ExportSummary export) {}
