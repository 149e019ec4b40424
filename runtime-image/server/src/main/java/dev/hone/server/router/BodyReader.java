package dev.hone.server.router;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/** Reads a request's body: it is kept to be sent again, so its size has a limit. */
final class BodyReader {
  private final int most;
  private final Buffer body = Buffer.buffer();
  private boolean tooLarge;

  private BodyReader(int most) {
    this.most = most;
  }

  /** The body; empty if it is larger than the limit. It fails if the client goes. */
  static Future<Optional<Buffer>> read(HttpServerRequest request, int most) {
    BodyReader reader = new BodyReader(most);
    Promise<Optional<Buffer>> done = Promise.promise();
    request.exceptionHandler(done::tryFail);
    request.handler(reader::add);
    request.endHandler(
        end -> done.tryComplete(reader.tooLarge ? Optional.empty() : Optional.of(reader.body)));
    return done.future();
  }

  private void add(Buffer part) {
    // What is too large is read on and forgotten: who is still sending would not see the answer.
    tooLarge = tooLarge || (long) body.length() + part.length() > most;
    if (!tooLarge) {
      body.appendBuffer(part);
    }
  }
}
