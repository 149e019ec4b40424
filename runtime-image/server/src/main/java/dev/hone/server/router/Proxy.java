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

  /** Whether a request asks for the server's health, which everybody may. */
  boolean isHealth(HttpServerRequest request);

  /** Answers a request that shows no key. */
  void refuse(HttpServerRequest request, String sentence);

  /** Ends the trace of a request that is over. */
  void end(RequestSpan span, HttpServerResponse response);
}
