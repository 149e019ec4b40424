package dev.hone.api.common;

/** Validation rules and sentences that several fields share. */
public final class Cel {

  /** A model or data address that a pod in the cluster can read. */
  public static final String READABLE_URI =
      "self.matches('^(hf://.+|s3://.+|oci://.+|https://.+|pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.+)$')";

  public static final String READABLE_URI_MESSAGE =
      "write hf://REPOSITORY, s3://BUCKET/PATH, pvc://CLAIM/PATH, oci://IMAGE or https://…"
          + " (file:// works only with `hone run` on your own machine)";

  /** An address that a pod in the cluster can write to. */
  public static final String WRITABLE_URI =
      "self.matches('^(s3://.+|oci://.+|pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.+)$')";

  public static final String WRITABLE_URI_MESSAGE =
      "write pvc://CLAIM/PATH, s3://BUCKET/PATH or oci://IMAGE: a run writes its artifact below it";

  /** No way out of the folder that an address names. */
  public static final String NO_PARENT = "!self.matches('(^|/)[.][.](/|$)')";

  public static final String NO_PARENT_MESSAGE = "write the path without '..'";

  public static final String NAME =
      "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')";

  public static final String NAME_MESSAGE =
      "metadata.name must be at most 40 lower-case letters, digits and '-', start with a letter and end with a"
          + " letter or digit, because Services and labels are made of it: write for example llama-3-1 instead of"
          + " llama-3.1";

  public static final String DIGEST = "^sha256:[0-9a-f]{64}$";

  private Cel() {}
}
