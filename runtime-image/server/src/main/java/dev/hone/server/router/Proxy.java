package dev.hone.server.router;

import dev.hone.server.tracing.RequestSpan;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** What hands the requests of one protocol on; one for each event loop. */
interface Proxy {
  /** Begins the trace of a request. */
  RequestSpan begin(HttpServerRequest request);

  /** Hands a request on. */
  void handle(HttpServerRequest request, RequestSpan span);

  /** Ends the trace of a request that is over. */
  void end(RequestSpan span, HttpServerResponse response);
}
