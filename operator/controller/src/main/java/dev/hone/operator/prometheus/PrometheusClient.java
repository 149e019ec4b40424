package dev.hone.operator.prometheus;

import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Asks a Prometheus by its HTTP API. */
final class PrometheusClient {

  /** More than ten thousand series with long labels; nobody's answer fills the memory. */
  private static final int MAX_BYTES = 8 << 20;

  private final PrometheusSettings settings;
  private final URI query;
  private @Nullable Connection connection;

  /** A client that trusts what a file held; another content is another client. */
  private record Connection(Optional<String> authority, HttpClient client) {}

  PrometheusClient(PrometheusSettings settings) {
    this.settings = settings;
    this.query = URI.create(settings.url() + "/api/v1/query");
  }

  /**
   * The result of an instant query.
   *
   * @throws PrometheusException with a sentence if there is none
   */
  List<Sample> query(String promQl) throws PrometheusException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(query)
            .timeout(settings.timeout())
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "query=%s&timeout=%dms"
                        .formatted(
                            URLEncoder.encode(promQl, StandardCharsets.UTF_8),
                            settings.timeout().toMillis())));
    Optional<String> token = read(settings.bearerToken());
    if (token.isPresent()) {
      request.header("authorization", "Bearer " + token.get().strip());
    }
    HttpResponse<byte[]> response = send(request.build());
    try {
      // Its own errors have other statuses, and say more than these.
      if (response.statusCode() != HttpURLConnection.HTTP_OK
          && QueryAnswer.error(response.body()).isEmpty()) {
        throw wrong(status(response.statusCode()), null);
      }
      return QueryAnswer.samples(response.body());
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()), e);
    }
  }

  private static String status(int status) {
    return switch (status) {
      case HttpURLConnection.HTTP_UNAUTHORIZED, HttpURLConnection.HTTP_FORBIDDEN ->
          "answers %d: give the operator a token that may query it, by the chart's rollouts.prometheus.bearerTokenSecret"
              .formatted(status);
      default ->
          "answers %d to /api/v1/query: is the chart's rollouts.prometheus.url right, and does it run?"
              .formatted(status);
    };
  }

  private HttpResponse<byte[]> send(HttpRequest request) throws PrometheusException {
    // The timeout of a request ends with the head of its answer, and a body may be slow, too.
    CompletableFuture<HttpResponse<byte[]>> answer =
        client()
            .sendAsync(
                request,
                HttpResponse.BodyHandlers.limiting(
                    HttpResponse.BodyHandlers.ofByteArray(), MAX_BYTES));
    try {
      return answer.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw wrong("gives no answer within " + seconds(settings.timeout()), e);
    } catch (ExecutionException e) {
      throw wrong(failure(e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw wrong("was not asked: the operator stops", e);
    } finally {
      answer.cancel(true);
    }
  }

  private String failure(@Nullable Throwable cause) {
    if (cause instanceof HttpTimeoutException) {
      return "gives no answer within " + seconds(settings.timeout());
    }
    if (cause instanceof ConnectException) {
      return "cannot be connected to: does it run, and may the operator's pods reach it?";
    }
    if (cause instanceof SSLException) {
      return "cannot be talked to by TLS (%s): the chart's rollouts.prometheus.caSecret or caConfigMap names the authority of its certificate"
          .formatted(cause.getMessage());
    }
    return "gives no answer that can be read (%s)"
        .formatted(cause == null ? "no reason is known" : cause.getMessage());
  }

  private static String seconds(Duration time) {
    return "%s s".formatted(time.toMillis() % 1000 == 0 ? time.toSeconds() : time.toMillis() / 1e3);
  }

  private synchronized HttpClient client() throws PrometheusException {
    Optional<String> authority = read(settings.authority());
    Connection known = connection;
    if (known != null && known.authority().equals(authority)) {
      return known.client();
    }
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(settings.timeout())
            // The token is for this address alone.
            .followRedirects(HttpClient.Redirect.NEVER);
    if (authority.isPresent()) {
      try {
        builder.sslContext(TrustedAuthorities.context(authority.get()));
      } catch (GeneralSecurityException e) {
        throw wrong(
            "is not asked, because %s holds no certificates in PEM"
                .formatted(settings.authority().orElseThrow()),
            e);
      }
    }
    // One that is replaced ends by itself when nobody has it any more.
    connection = new Connection(authority, builder.build());
    return connection.client();
  }

  private Optional<String> read(Optional<Path> file) throws PrometheusException {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file.get()));
    } catch (IOException e) {
      throw wrong("is not asked, because %s cannot be read".formatted(file.get()), e);
    }
  }

  private PrometheusException wrong(String half, @Nullable Exception cause) {
    String sentence = settings.sentence(half);
    return cause == null
        ? new PrometheusException(sentence)
        : new PrometheusException(sentence, cause);
  }
}
