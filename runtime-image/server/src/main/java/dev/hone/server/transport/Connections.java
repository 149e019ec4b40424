package dev.hone.server.transport;

import io.vertx.core.Context;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The connections on which something was asked, and which of them are idle, so that they can be
 * bounded, and closed before the server leaves.
 */
final class Connections {
  private final Map<HttpConnection, Tracked> open = new ConcurrentHashMap<>();

  /** A connection; its own event loop alone touches what changes. */
  private static final class Tracked {
    private final Context loop;
    private final boolean welcome;
    private int inFlight;

    private Tracked(Context loop, boolean welcome) {
      this.loop = loop;
      this.welcome = welcome;
    }
  }

  /**
   * Notes a request until it is answered; the request's event loop calls it.
   *
   * @param most how many connections there may be
   * @param leaving whether the connection closes after the answer
   * @return whether its connection is within that number; one that was stays so
   */
  boolean arrived(RoutingContext request, int most, Leaving leaving) {
    HttpConnection connection = request.request().connection();
    Tracked tracked = open.get(connection);
    if (tracked == null) {
      tracked = new Tracked(request.vertx().getOrCreateContext(), open.size() < most);
      open.put(connection, tracked);
      connection.closeHandler(closed -> open.remove(connection));
    }
    Tracked found = tracked;
    found.inFlight++;
    HttpVersion version = request.request().version();
    request.addEndHandler(
        answered -> {
          found.inFlight--;
          if (found.inFlight == 0 && leaving.now()) {
            close(connection, version);
          }
        });
    return found.welcome;
  }

  /** Whether the server asks its clients to go. */
  @FunctionalInterface
  interface Leaving {
    /** Now. */
    boolean now();
  }

  /** Closes every connection on which no answer is awaited. */
  void closeIdle() {
    open.forEach(
        (connection, tracked) ->
            tracked.loop.runOnContext(
                onItsLoop -> {
                  if (tracked.inFlight == 0) {
                    connection.close();
                  }
                }));
  }

  private static void close(HttpConnection connection, HttpVersion version) {
    if (version == HttpVersion.HTTP_2) {
      // GOAWAY: what else was sent on it is still answered.
      connection.shutdown();
    } else {
      connection.close();
    }
  }
}
