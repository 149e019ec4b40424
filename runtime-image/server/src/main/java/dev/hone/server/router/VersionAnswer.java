package dev.hone.server.router;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Map;

/** What a version answered, whole. */
record VersionAnswer(int status, MultiMap headers, Buffer body) implements Reply {

  private static final int CLIENT_ERROR = 400;
  private static final int SERVER_ERROR = 500;

  @Override
  public boolean isGood() {
    return status < CLIENT_ERROR;
  }

  @Override
  public boolean isServerError() {
    return status >= SERVER_ERROR;
  }

  @Override
  public Map<String, Output> outputs() throws IOException {
    if (headers.contains("content-encoding")) {
      throw new IOException("it is packed, although the request asked for plain bytes");
    }
    return AnswerReader.read(body.getBytes(), headers.get("inference-header-content-length"));
  }
}
