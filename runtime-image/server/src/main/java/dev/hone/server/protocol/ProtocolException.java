package dev.hone.server.protocol;

/**
 * A request that is answered with an error: its HTTP status and one sentence that says what to send
 * instead.
 */
public class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** Makes an error answer with the given HTTP status. */
  public ProtocolException(int status, String sentence) {
    // No stack trace: a malformed request is an answer, not a fault, and must stay cheap.
    super(sentence, null, false, false);
    this.status = status;
  }

  /** 400: the request itself is wrong. */
  public static ProtocolException badRequest(String sentence) {
    return new ProtocolException(400, sentence);
  }

  /** 404: there is no such model, version or route. */
  public static ProtocolException notFound(String sentence) {
    return new ProtocolException(404, sentence);
  }

  /** 503: right, but not now. */
  public static ProtocolException unavailable(String sentence) {
    return new ProtocolException(503, sentence);
  }

  /** 500: the request is right and the model failed. */
  public static ProtocolException internal(String sentence) {
    return new ProtocolException(500, sentence);
  }

  /** The HTTP status of the answer. */
  public int status() {
    return status;
  }

  /** The sentence of the error body. */
  public String sentence() {
    return String.valueOf(getMessage());
  }
}
