package dev.hone.server.engine;

import org.jspecify.annotations.Nullable;

/**
 * An engine cannot be built; the message is for people, in the builder's own words if it had any.
 */
public final class EngineException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** The reasons of the failure contract that an engine gives. */
  public enum Reason {
    CONFIG_INVALID("ConfigInvalid"),
    ENGINE_FAILED("EngineFailed"),
    OUTPUT_NOT_WRITABLE("OutputNotWritable");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** As the contract spells it. */
    public String text() {
      return text;
    }
  }

  EngineException(Reason reason, String sentence, @Nullable Throwable cause) {
    super(sentence, cause);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
