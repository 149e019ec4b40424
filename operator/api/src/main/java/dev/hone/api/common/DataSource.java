package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where one split of the data comes from. */
@ApiType
@ValidationRule(value = Cel.SECRET_OF_LISTED, message = Cel.SECRET_OF_LISTED_MESSAGE)
public record DataSource(
    @Required
        @Size(min = 1, max = 1024)
        @ValidationRule(value = Cel.READABLE_URI, message = Cel.READABLE_URI_MESSAGE)
        @ValidationRule(value = Cel.OCI_URI, message = Cel.OCI_URI_MESSAGE)
        @ValidationRule(value = Cel.NO_PARENT, message = Cel.NO_PARENT_MESSAGE)
        @JsonPropertyDescription(
            "Address of the data: hf://datasets/ORGANIZATION/NAME[@REVISION]/PATH, s3://BUCKET/PATH, pvc://CLAIM/PATH, oci://REGISTRY/REPOSITORY[:TAG][@DIGEST][/PATH] or https://.")
        String uri,
    @Pattern(Cel.DIGEST)
        @Size(max = 71)
        @JsonPropertyDescription("Digest that the data must have (sha256:…); any other is refused.")
        @Nullable String digest,
    @JsonPropertyDescription("How the data is stored; by default told by the name's ending.")
        @Nullable DataFormat format,
    @JsonPropertyDescription(
            "Secret with HF_TOKEN (hf://), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (s3://), or OCI_USERNAME and OCI_PASSWORD (oci://, also a Secret for pulling images); without it, the pod's own identity, or nobody's.")
        @Nullable SecretReference secretRef) {}
