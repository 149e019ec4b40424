package dev.hone.server.tracing;

import java.util.Map;

/** One try to have a version of the model answer. */
public interface AttemptSpan {
  /** Of a request that is not traced. */
  AttemptSpan NONE = Untraced.ATTEMPT;

  /** The headers by which the version goes on with the trace; empty where there is none. */
  Map<String, String> headers();

  /** It was answered, with a status of the protocol that it was sent by. */
  void answered(int status);

  /** No answer came. */
  void failed(Throwable failure);
}
