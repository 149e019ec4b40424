package dev.hone.server.backend;

/** No accelerator can run a model that must not run on the CPU; the message is one sentence. */
public final class NoAcceleratorException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Makes a refusal that says why, and what to do about it. */
  public NoAcceleratorException(String sentence) {
    super(sentence);
  }
}
