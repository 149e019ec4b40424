package dev.hone.server.router;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;

/** What a version answered, whole. */
record VersionAnswer(int status, MultiMap headers, Buffer body) {

  private static final int CLIENT_ERROR = 400;
  private static final int SERVER_ERROR = 500;

  /** Whether the request was answered as it was meant. */
  boolean isGood() {
    return status < CLIENT_ERROR;
  }

  /** Whether the version is at fault, not the request. */
  boolean isServerError() {
    return status >= SERVER_ERROR;
  }
}
