package dev.hone.api.common;

/** Validation rules and sentences that several fields share. */
public final class Cel {

  /** A model or data address that a pod in the cluster can read. */
  public static final String READABLE_URI =
      "self.matches('^(hf://[^/]+/.+|s3://.+|oci://.+|https://.+|pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.+)$')";

  public static final String READABLE_URI_MESSAGE =
      "write hf://ORGANIZATION/NAME, s3://BUCKET/PATH, pvc://CLAIM/PATH, oci://REGISTRY/REPOSITORY:TAG or https://…"
          + " (file:// works only with `hone run` on your own machine)";

  private static final String REGISTRY =
      "([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+[]])(:[0-9]{1,5})?";

  private static final String REPOSITORY_PART = "[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*";

  private static final String OCI_TAG = ":[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}";

  private static final String OCI_DIGEST = "@sha256:[0-9a-f]{64}";

  /**
   * What is of a registry. A repository's name has slashes of its own, so only a tag or a digest
   * tells where a path begins.
   */
  public static final String OCI_URI =
      "!self.startsWith('oci://') || self.matches('^oci://"
          + REGISTRY
          + "(/"
          + REPOSITORY_PART
          + ")+(("
          + OCI_TAG
          + "("
          + OCI_DIGEST
          + ")?|"
          + OCI_DIGEST
          + ")(/.*)?)?$')";

  public static final String OCI_URI_MESSAGE =
      "write oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST], and a path only behind a tag or digest, for example"
          + " oci://registry.example.com/team/model:v1/PATH";

  /** Credentials are of repositories, buckets and registries. */
  public static final String SECRET_OF_LISTED =
      "!has(self.secretRef) || (has(self.uri) && self.uri.matches('^(hf|s3|oci)://'))";

  public static final String SECRET_OF_LISTED_MESSAGE =
      "secretRef is for hf:// (HF_TOKEN), s3:// (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and oci:// (OCI_USERNAME,"
          + " OCI_PASSWORD): remove it";

  /** Only repositories have revisions, and an address can have one itself. */
  public static final String REVISION_OF_REPOSITORY =
      "!has(self.revision) || !has(self.uri) || self.uri.matches('^hf://[^@]+$')";

  public static final String REVISION_OF_REPOSITORY_MESSAGE =
      "revision is for hf://ORGANIZATION/NAME without @REVISION: write the revision once, or digest for any other"
          + " address";

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

  private static final String HAS_GPU_LABELS =
      "(has(self.gpuProducts) || has(self.gpuRequirements) || has(self.gpuPreferences))";

  /** What only means something for a pod with GPUs. */
  public static final String GPU_FIELDS =
      "!(has(self.gpuResource) || "
          + HAS_GPU_LABELS
          + ") || (has(self.gpus) && self.gpus >= 1) || has(self.mig)";

  public static final String GPU_FIELDS_MESSAGE =
      "gpuResource, gpuProducts, gpuRequirements and gpuPreferences need GPUs: write gpus: 1 or more, or mig, or remove"
          + " them";

  /** A whole GPU and a part of one cannot train together, and only one of them would be used. */
  public static final String MIG_ALONE =
      "!has(self.mig) || !(has(self.gpuResource) || (has(self.gpus) && self.gpus >= 1))";

  public static final String MIG_ALONE_MESSAGE =
      "a pod gets one MIG instance or whole GPUs, never both: write mig without gpus and gpuResource, or gpus without"
          + " mig";

  /** Only NVIDIA's GPU Feature Discovery gives nodes the labels that these fields are read from. */
  public static final String GPU_LABELS =
      "!has(self.gpuResource) || self.gpuResource.startsWith('nvidia.com/') || !" + HAS_GPU_LABELS;

  public static final String GPU_LABELS_MESSAGE =
      "gpuProducts, gpuRequirements and gpuPreferences go by the labels of NVIDIA's GPU Feature Discovery: for GPUs of"
          + " another vendor write an affinity in podTemplate.spec";

  public static final String GPU_PRODUCTS_ONCE =
      "!has(self.gpuProducts) || !has(self.gpuRequirements) || !has(self.gpuRequirements.products)";

  public static final String GPU_PRODUCTS_ONCE_MESSAGE =
      "gpuProducts is short for gpuRequirements.products: write one of them";

  /** An amount of CPU or memory, as text or as a whole number. */
  public static final String QUANTITY =
      "type(self) == int ? self > 0 : (isQuantity(self) && quantity(self).isGreaterThan(quantity('0')))";

  public static final String QUANTITY_MESSAGE =
      "write an amount greater than 0, for example 500m or 2 (CPUs), 512Mi or 4Gi (bytes)";

  /** Goes before a rule that holds once there is a Job. */
  public static final String ONCE_STARTED = "!has(oldSelf.status) || !has(oldSelf.status.job) || ";

  /** Goes after the name of a field that {@link #ONCE_STARTED} protects. */
  public static final String ONCE_STARTED_MESSAGE =
      " of a started run cannot change: create another resource with the new value, or delete this one first";

  private static final String OR_RERUN =
      "(has(self.spec.rerun) && (!has(oldSelf.spec.rerun) || self.spec.rerun != oldSelf.spec.rerun)) || ";

  private static final String ONCE_STARTED_OR_RERUN = ONCE_STARTED + OR_RERUN;

  private static final String WITH_RERUN_MESSAGE =
      " of a started run can change only together with spec.rerun: write another text there too";

  /**
   * {@code spec.resources} is not part of a run's hash: a new value reaches a started run only by
   * another run.
   */
  public static final String RESOURCES_WITH_RERUN =
      ONCE_STARTED_OR_RERUN
          + "(has(self.spec.resources) == has(oldSelf.spec.resources)"
          + " && (!has(self.spec.resources) || self.spec.resources == oldSelf.spec.resources))";

  public static final String RESOURCES_WITH_RERUN_MESSAGE = "spec.resources" + WITH_RERUN_MESSAGE;

  /** As {@link #RESOURCES_WITH_RERUN}, for the template of the pods. */
  public static final String POD_TEMPLATE_WITH_RERUN =
      ONCE_STARTED_OR_RERUN
          + "(has(self.spec.podTemplate) == has(oldSelf.spec.podTemplate)"
          + " && (!has(self.spec.podTemplate) || self.spec.podTemplate == oldSelf.spec.podTemplate))";

  public static final String POD_TEMPLATE_WITH_RERUN_MESSAGE =
      "spec.podTemplate" + WITH_RERUN_MESSAGE;

  /** What was canceled does not go on by itself when that is taken back. */
  public static final String CANCEL_FOR_GOOD =
      "!has(oldSelf.spec.runPolicy) || !has(oldSelf.spec.runPolicy.cancel) || !oldSelf.spec.runPolicy.cancel || "
          + OR_RERUN
          + "(has(self.spec.runPolicy) && has(self.spec.runPolicy.cancel) && self.spec.runPolicy.cancel)";

  public static final String CANCEL_FOR_GOOD_MESSAGE =
      "spec.runPolicy.cancel of a canceled run can be taken back only together with spec.rerun, for that run is over:"
          + " write another text there too";

  /** Goes before a rule that a reference is to another resource. */
  public static final String SELF_REFERENCE_MESSAGE =
      " names this resource itself: write the name of another one, or write uri instead of from";

  public static final String DIGEST = "^sha256:[0-9a-f]{64}$";

  private Cel() {}
}
