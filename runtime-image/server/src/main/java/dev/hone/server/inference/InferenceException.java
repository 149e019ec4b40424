package dev.hone.server.inference;

import dev.hone.server.protocol.ProtocolException;
import java.time.Duration;

/**
 * Why the engine gives no answer. Each front end has its own word for each kind; the HTTP status is
 * that of the superclass. What a front end or the validation refuses before the engine is asked is
 * a plain {@link ProtocolException}.
 */
public abstract sealed class InferenceException extends ProtocolException {
  private static final long serialVersionUID = 1L;

  private InferenceException(int status, String sentence) {
    super(status, sentence);
  }

  /** The values are wrong: no other try with them will do (400, INVALID_ARGUMENT). */
  public static final class BadInput extends InferenceException {
    private static final long serialVersionUID = 1L;

    /** Says what to send instead. */
    public BadInput(String sentence) {
      super(400, sentence);
    }
  }

  /** Too much waits already (503 with Retry-After, UNAVAILABLE). */
  public static final class Overloaded extends InferenceException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /** Says when another try has a chance. */
    public Overloaded(String sentence, Duration retryAfter) {
      super(503, sentence);
      this.retryAfter = retryAfter;
    }

    /** When another try has a chance. */
    public Duration retryAfter() {
      return retryAfter;
    }
  }

  /** Its deadline passed before it was computed (504, DEADLINE_EXCEEDED). */
  public static final class DeadlineExceeded extends InferenceException {
    private static final long serialVersionUID = 1L;

    /** Says how long it has waited. */
    public DeadlineExceeded(String sentence) {
      super(504, sentence);
    }
  }

  /** Whoever asked has given up (499, CANCELLED). */
  public static final class Cancelled extends InferenceException {
    private static final long serialVersionUID = 1L;

    /** Says so in the log; nobody is there to read it. */
    public Cancelled(String sentence) {
      super(499, sentence);
    }
  }

  /** The model is still loading, or is being taken away (503 with Retry-After, UNAVAILABLE). */
  public static final class NotReady extends InferenceException {
    private static final long serialVersionUID = 1L;

    /** Says what is being waited for. */
    public NotReady(String sentence) {
      super(503, sentence);
    }
  }

  /** The request is right and the model failed on it (500, INTERNAL). */
  public static final class ModelFailed extends InferenceException {
    private static final long serialVersionUID = 1L;

    /** Gives the failure in the model's own words. */
    public ModelFailed(String sentence) {
      super(500, sentence);
    }
  }
}
