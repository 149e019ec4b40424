package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where a run writes its artifact. */
@ApiType
public record Output(
    @Required
        @Size(min = 1, max = 1024)
        @ValidationRule(value = Cel.WRITABLE_URI, message = Cel.WRITABLE_URI_MESSAGE)
        @ValidationRule(value = Cel.NO_PARENT, message = Cel.NO_PARENT_MESSAGE)
        @JsonPropertyDescription(
            "Folder of the artifacts: pvc://CLAIM/PATH, s3:// or oci://. The run writes <uri>/<name>-<hash>/.")
        String uri,
    @JsonPropertyDescription(
            "What becomes of the artifact when the resource is deleted (default: Retain).")
        @Nullable DeletionPolicy deletionPolicy) {}
