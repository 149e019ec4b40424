package dev.hone.server.tracing;

import java.net.URI;

/**
 * The trace of one inference request. Times are readings of {@link System#nanoTime()}. Any thread
 * may call it; what comes after its end is passed over.
 */
public interface RequestSpan {
  /** Of a request that is not traced. */
  RequestSpan NONE = Untraced.REQUEST;

  /** Whether anybody will see it; what takes time to find out need not be told otherwise. */
  boolean isRecording();

  /** Which model answers. */
  void model(String name, String version);

  /** How many rows it has. */
  void rows(int rows);

  /** It was read and understood. */
  void decoded(long since, long until);

  /** It waited for the model. */
  void waited(long since, long until);

  /** It was computed, alone or in company. */
  void computed(Run run);

  /** Its answer was written. */
  void encoded(long since, long until);

  /** Which version of the model answered, where there are several. */
  void version(String version);

  /** Why it will fail, as a sentence. */
  void failure(String sentence);

  /**
   * It is sent on to a version of the model.
   *
   * @param number counts the tries, from 1
   */
  AttemptSpan attempt(URI address, String version, int number);

  /**
   * It is repeated to another version, after its answer: a trace of its own that is linked to this
   * one, for nobody waits for it.
   */
  AttemptSpan copy(URI address, String version);

  /** It was answered, with a status of the protocol that it came by. */
  void end(int status);

  /** Its client has gone. */
  void gone();
}
