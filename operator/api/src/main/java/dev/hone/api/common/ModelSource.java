package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where a model comes from: exactly one of {@code uri} and {@code from}. */
@ApiType
@ValidationRule(
    value = "has(self.uri) != has(self.from)",
    message =
        "write exactly one of uri (a model that exists) and from (the artifact of another resource)")
@ValidationRule(
    value = "!has(self.from) || !(has(self.revision) || has(self.digest))",
    message =
        "revision and digest belong to uri: remove them, the artifact that from names brings its own digest")
@ValidationRule(value = Cel.REVISION_OF_REPOSITORY, message = Cel.REVISION_OF_REPOSITORY_MESSAGE)
@ValidationRule(value = Cel.SECRET_OF_LISTED, message = Cel.SECRET_OF_LISTED_MESSAGE)
public record ModelSource(
    @Size(min = 1, max = 1024)
        @ValidationRule(value = Cel.READABLE_URI, message = Cel.READABLE_URI_MESSAGE)
        @ValidationRule(value = Cel.OCI_URI, message = Cel.OCI_URI_MESSAGE)
        @ValidationRule(value = Cel.NO_PARENT, message = Cel.NO_PARENT_MESSAGE)
        @JsonPropertyDescription(
            "Address of the model: hf://ORGANIZATION/NAME, s3://BUCKET/PATH, pvc://CLAIM/PATH, oci://REGISTRY/REPOSITORY[:TAG][@DIGEST][/PATH] or https://.")
        @Nullable String uri,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "Revision of the model in its repository (hf://): a branch, tag or commit. The commit that it means is in the lineage.")
        @Nullable String revision,
    @Pattern(Cel.DIGEST)
        @Size(max = 71)
        @JsonPropertyDescription(
            "Digest that the model must have (sha256:…); any other is refused.")
        @Nullable String digest,
    @JsonPropertyDescription(
            "Secret with HF_TOKEN (hf://), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (s3://), or OCI_USERNAME and OCI_PASSWORD (oci://, also a Secret for pulling images); without it, the pod's own identity, or nobody's.")
        @Nullable SecretReference secretRef,
    @JsonPropertyDescription(
            "The artifact of another resource; this one waits until that one is ready.")
        @Nullable SourceReference from) {

  /** A model at an address. */
  public static ModelSource ofUri(String uri) {
    return new ModelSource(uri, null, null, null, null);
  }

  /** The artifact of another resource. */
  public static ModelSource ofReference(SourceKind kind, String name) {
    return new ModelSource(null, null, null, null, new SourceReference(kind, name));
  }
}
