package dev.hone.server.router;

import java.io.IOException;
import java.util.Map;

/** What a version made of a request, over whatever protocol. */
interface Reply {

  /** Whether the request was answered as it was meant. */
  boolean isGood();

  /** Whether the version is at fault, not the request. */
  boolean isServerError();

  /**
   * The outputs of a good one.
   *
   * @throws IOException with a sentence if it is no answer of the protocol
   */
  Map<String, Output> outputs() throws IOException;
}
