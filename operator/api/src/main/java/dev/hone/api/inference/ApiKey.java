package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.SecretKey;
import io.fabric8.generator.annotation.Required;

/** What requests must carry to be answered. */
@ApiType
public record ApiKey(
    @Required
        @JsonPropertyDescription(
            "Key of a Secret of the same namespace. Each line of its value is one API key, and a"
                + " request needs the header Authorization: Bearer KEY with one of them. What"
                + " changes in it is used without a restart.")
        SecretKey secretKeyRef) {}
