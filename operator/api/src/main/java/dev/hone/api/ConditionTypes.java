package dev.hone.api;

/** Types of the conditions in a status. */
public final class ConditionTypes {

  /** The summary; its reason is the state that {@code kubectl get} shows. */
  public static final String READY = "Ready";

  /** Whether everything that the spec refers to was found and is ready. */
  public static final String REFERENCES_RESOLVED = "ReferencesResolved";

  /** CompressionJob: whether the gate let the result pass. */
  public static final String ACCEPTED = "Accepted";

  /** InferenceDeployment: whether pods are serving. */
  public static final String AVAILABLE = "Available";

  /**
   * InferenceDeployment with {@code spec.engine}: whether the engines that its pods load are there.
   */
  public static final String ENGINES_READY = "EnginesReady";

  private ConditionTypes() {}
}
