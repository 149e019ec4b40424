package dev.hone.server.router;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The connections of clients over HTTP/2, for whoever tells them to go; those over HTTP/1.1 learn
 * it by an answer that closes theirs.
 */
final class ClientConnections {
  private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();

  /** Notes the connection that a request came by. */
  void note(HttpServerRequest request) {
    if (request.version() == HttpVersion.HTTP_2) {
      HttpConnection connection = request.connection();
      if (open.add(connection)) {
        connection.closeHandler(gone -> open.remove(connection));
      }
    }
  }

  /**
   * Tells each by GOAWAY that what is under way is answered and nothing else, upon which clients of
   * gRPC open another connection. Whoever waits for an answer gets it.
   *
   * @return done when all have gone, or the time is over
   */
  Future<Void> dismiss(long timeout, TimeUnit unit) {
    List<Future<Void>> leaving =
        open.stream().map(connection -> connection.shutdown(timeout, unit)).toList();
    return Future.join(leaving).mapEmpty();
  }
}
