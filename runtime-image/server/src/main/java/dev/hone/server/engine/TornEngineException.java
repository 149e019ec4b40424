package dev.hone.server.engine;

/** A folder is no whole engine; the message says what is wrong with it. */
final class TornEngineException extends Exception {
  private static final long serialVersionUID = 1L;

  TornEngineException(String message) {
    super(message);
  }
}
