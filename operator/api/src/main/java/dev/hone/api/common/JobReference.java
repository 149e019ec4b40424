package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** The Job that runs a resource. */
@ApiType
public record JobReference(
    @JsonPropertyDescription("Name of the Job.") String name,
    @JsonPropertyDescription("Unique id of the Job.") @Nullable String uid,
    @JsonPropertyDescription("Hash of everything that is executed.") String hash) {}
