package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Devices by dynamic resource allocation, handed to the pod as it stands here. */
@ApiType
@ValidationRule(
    value = "has(self.resourceClaimName) != has(self.resourceClaimTemplateName)",
    message =
        "write exactly one of resourceClaimName (a claim that pods share) and resourceClaimTemplateName (a claim for"
            + " each pod)")
public record DeviceClaim(
    @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of the claim within the pod.")
        String name,
    @Size(min = 1, max = 253) @JsonPropertyDescription("ResourceClaim of this namespace.")
        @Nullable String resourceClaimName,
    @Size(min = 1, max = 253)
        @JsonPropertyDescription(
            "ResourceClaimTemplate of this namespace, from which each pod gets a claim of its own.")
        @Nullable String resourceClaimTemplateName,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Which request of the claim the container gets (default: all of them).")
        @Nullable String request) {}
