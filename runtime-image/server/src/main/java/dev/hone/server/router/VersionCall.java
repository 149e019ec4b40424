package dev.hone.server.router;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A request as it is sent to a version, as often as need be.
 *
 * @param method its method
 * @param uri its path and query
 * @param headers its headers, those of the connection left out
 * @param body its body
 * @param timeoutMillis how long the answer may take, its body included where one waits for it; 0
 *     for a call of gRPC without an end
 * @param serverName the name that the certificate of a version must be for, where it speaks TLS
 */
record VersionCall(
    HttpMethod method,
    String uri,
    MultiMap headers,
    Buffer body,
    long timeoutMillis,
    @Nullable String serverName) {

  /**
   * One connection in so many requests is not used again, so that new pods get their share: to
   * which pod of a Service a request goes is decided as its connection is made.
   */
  private static final int RENEW = 1000;

  /** The same with headers that name its trace, in place of those that its client sent. */
  VersionCall traced(Map<String, String> trace) {
    if (trace.isEmpty()) {
      return this;
    }
    MultiMap named = MultiMap.caseInsensitiveMultiMap().setAll(headers).remove("tracestate");
    trace.forEach(named::set);
    return new VersionCall(method, uri, named, body, timeoutMillis, serverName);
  }

  /** Sends it, and waits for the whole answer. */
  Future<VersionAnswer> send(HttpClient client, URI address, Consumer<HttpClientRequest> started) {
    RequestOptions options = options(address);
    if (ThreadLocalRandom.current().nextInt(RENEW) == 0) {
      options.putHeader("connection", "close");
    }
    return exchange(
        client,
        options,
        started,
        response ->
            response
                .body()
                .map(
                    answer ->
                        new VersionAnswer(response.statusCode(), response.headers(), answer)));
  }

  /** Sends it over HTTP/2, and waits for the head of the answer. */
  Future<HttpClientResponse> open(
      HttpClient client, URI address, Consumer<HttpClientRequest> started) {
    return exchange(client, options(address), started, Future::succeededFuture);
  }

  private <T> Future<T> exchange(
      HttpClient client,
      RequestOptions options,
      Consumer<HttpClientRequest> started,
      Function<HttpClientResponse, Future<T>> read) {
    return client
        .request(options)
        .compose(
            request -> {
              started.accept(request);
              // Before it is sent: an answer that comes while nobody reads it is lost, and outside
              // of an
              // event loop it may come before the next line.
              Future<T> answer = inTime(request, request.response().compose(read));
              return (body.length() == 0 && isEmpty(method) ? request.send() : request.send(body))
                  .compose(head -> answer);
            });
  }

  /**
   * The timeout of a request ends with the head of its answer; this one with what is read of it.
   */
  private <T> Future<T> inTime(HttpClientRequest request, Future<T> answer) {
    return timeoutMillis == 0
        ? answer
        : answer
            .timeout(timeoutMillis, TimeUnit.MILLISECONDS)
            .onFailure(failure -> request.reset());
  }

  private RequestOptions options(URI address) {
    RequestOptions options =
        new RequestOptions()
            .setHost(address.getHost())
            .setPort(address.getPort())
            .setMethod(method)
            .setURI(uri)
            .setHeaders(MultiMap.caseInsensitiveMultiMap().setAll(headers));
    if (Backend.isEncrypted(address)) {
      // All versions are called by one name, wherever they are.
      options
          .setSsl(true)
          .setServer(SocketAddress.inetSocketAddress(address.getPort(), address.getHost()))
          .setHost(serverName);
    }
    if (timeoutMillis > 0) {
      options.setTimeout(timeoutMillis);
    }
    return options;
  }

  private static boolean isEmpty(HttpMethod method) {
    return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
  }
}
