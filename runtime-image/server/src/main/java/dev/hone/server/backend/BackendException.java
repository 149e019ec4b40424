package dev.hone.server.backend;

/** A run that failed, in the backend's own words. */
public final class BackendException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean inputAtFault;

  /** Makes a failure; {@code inputAtFault} if the values that were sent caused it. */
  public BackendException(String message, boolean inputAtFault, Throwable cause) {
    super(message, cause);
    this.inputAtFault = inputAtFault;
  }

  /** Makes a failure that this server finds itself. */
  public BackendException(String message) {
    super(message);
    this.inputAtFault = false;
  }

  /** Whether other values would have worked. */
  public boolean inputAtFault() {
    return inputAtFault;
  }
}
