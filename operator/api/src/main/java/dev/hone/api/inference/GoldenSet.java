package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.ConfigMapKey;
import io.fabric8.generator.annotation.Required;

/** Requests that a new version must answer rightly before any traffic. */
@ApiType
public record GoldenSet(
    @Required
        @JsonPropertyDescription(
            "Key of a ConfigMap of the same namespace. Each line of its text is the body of an"
                + " infer request of the Open Inference Protocol; an entry of outputs that has data"
                + " is the right answer, and where none has, the reference is asked.")
        ConfigMapKey configMapKeyRef) {}
