package dev.hone.server.repository;

/** A model repository that cannot be served: a reason of the failure contract and one sentence. */
public final class RepositoryException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** The reasons of the failure contract that a model repository can give. */
  public enum Reason {
    CONFIG_INVALID("ConfigInvalid"),
    MODEL_NOT_FOUND("ModelNotFound"),
    MODEL_INVALID("ModelInvalid"),
    ARTIFACT_CORRUPT("ArtifactCorrupt"),
    UNSUPPORTED("Unsupported");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** As the contract spells it. */
    public String text() {
      return text;
    }
  }

  /** Makes a failure. */
  public RepositoryException(Reason reason, String sentence) {
    super(sentence);
    this.reason = reason;
  }

  /** Makes a failure with what caused it. */
  public RepositoryException(Reason reason, String sentence, Throwable cause) {
    super(sentence, cause);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
