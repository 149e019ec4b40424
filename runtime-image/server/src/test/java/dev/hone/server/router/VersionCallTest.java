package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class VersionCallTest {

  /** As where the sending thread gets no processor until the whole answer is there. */
  @Test
  void anAnswerThatIsThereBeforeTheSenderGoesOnIsRead() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (Version version = Version.of(3, 1)) {
      HttpClient late = lateAfterSending(vertx.createHttpClient());
      VersionAnswer answer =
          call(5000)
              .send(late, version.backend().rest(), sending -> {})
              .toCompletionStage()
              .toCompletableFuture()
              .get(10, TimeUnit.SECONDS);
      assertThat(answer.body()).hasToString(Version.answer(3, 1));
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get();
    }
  }

  @Test
  void anAnswerWhoseBodyDoesNotComeFailsInTime() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (Version version =
        Version.answering(
            request -> request.response().putHeader("content-length", "2").write("{"))) {
      HttpClient client = vertx.createHttpClient();
      assertThat(
              call(200)
                  .send(client, version.backend().rest(), sending -> {})
                  .toCompletionStage()
                  .toCompletableFuture())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(TimeoutException.class);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get();
    }
  }

  private static VersionCall call(long timeoutMillis) {
    return new VersionCall(
        HttpMethod.POST,
        "/v2/models/m/infer",
        MultiMap.caseInsensitiveMultiMap(),
        Buffer.buffer("{}"),
        timeoutMillis,
        null);
  }

  private static HttpClient lateAfterSending(HttpClient client) {
    return proxy(
        HttpClient.class,
        (self, method, arguments) -> {
          Object made = invoke(client, method, arguments);
          return method.getName().equals("request")
              ? Future.succeededFuture(late((HttpClientRequest) await((Future<?>) made)))
              : made;
        });
  }

  private static HttpClientRequest late(HttpClientRequest request) {
    return proxy(
        HttpClientRequest.class,
        (self, method, arguments) -> {
          if (!method.getName().equals("send")) {
            return invoke(request, method, arguments);
          }
          // Before it is sent: the end of an answer that is over already is never told.
          Future<?> whole = request.response().compose(response -> response.end());
          Object made = invoke(request, method, arguments);
          await(whole);
          return made;
        });
  }

  private static Object await(Future<?> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private static Object invoke(Object target, java.lang.reflect.Method method, Object... arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
