package dev.hone.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;

/** A client of the server under test. */
public final class Client {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final HttpClient http;
  private final URI base;

  /** A client of the server at that address. */
  public Client(URI base) {
    this(base, HttpClient.newBuilder());
  }

  /** A client of the server at that address, with certificates. */
  public Client(URI base, SSLContext tls) {
    this(base, HttpClient.newBuilder().sslContext(tls));
  }

  private Client(URI base, HttpClient.Builder http) {
    this.base = base;
    this.http = http.version(HttpClient.Version.HTTP_1_1).build();
  }

  /** GETs a path. */
  public Answer get(String path) {
    return send(HttpRequest.newBuilder(base.resolve(path)).GET());
  }

  /** Waits until the server is ready. */
  public void awaitReady() {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (get("/v2/health/ready").status() != 200) {
      assertThat(System.nanoTime()).as("ready in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /** POSTs an inference request. */
  public Answer infer(String model, String body) {
    return send(inferRequest(model, HttpRequest.BodyPublishers.ofString(body)));
  }

  /** POSTs an inference request and does not wait. */
  public CompletableFuture<Answer> inferAsync(String model, String body) {
    HttpRequest request =
        inferRequest(model, HttpRequest.BodyPublishers.ofString(body)).timeout(TIMEOUT).build();
    return http.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenApply(Answer::of);
  }

  /** A POST to a model. */
  public HttpRequest.Builder inferRequest(String model, HttpRequest.BodyPublisher body) {
    return HttpRequest.newBuilder(base.resolve("/v2/models/" + model + "/infer")).POST(body);
  }

  /** A request to a path. */
  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(base.resolve(path));
  }

  /** Sends a request. */
  public Answer send(HttpRequest.Builder request) {
    try {
      return Answer.of(
          http.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** A request with one text input. */
  public static String textRequest(String... texts) {
    return bytesRequest("text", List.of(texts));
  }

  /** A request with one input of encoded images. */
  public static String imageRequest(byte[]... files) {
    return bytesRequest(
        "image", Arrays.stream(files).map(Base64.getEncoder()::encodeToString).toList());
  }

  private static String bytesRequest(String input, List<String> elements) {
    return json(
        Map.of(
            "inputs",
            List.of(
                Map.of(
                    "name",
                    input,
                    "shape",
                    List.of(elements.size()),
                    "datatype",
                    "BYTES",
                    "data",
                    elements))));
  }

  /** Any value as JSON. */
  public static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the server answered. */
  public record Answer(int status, String body, Map<String, List<String>> headers) {
    private static Answer of(HttpResponse<String> response) {
      return new Answer(response.statusCode(), response.body(), response.headers().map());
    }

    /** The body. */
    public JsonNode json() {
      try {
        return JSON.readTree(body);
      } catch (IOException e) {
        throw new UncheckedIOException("no JSON: " + body, e);
      }
    }

    /** The sentence of an error. */
    public String error() {
      return json().path("error").asText();
    }

    /** The data of an output. */
    public List<String> data(String output) {
      for (JsonNode candidate : json().path("outputs")) {
        if (candidate.path("name").asText().equals(output)) {
          return candidate.path("data").valueStream().map(JsonNode::asText).toList();
        }
      }
      throw new AssertionError("no output " + output + " in " + body);
    }
  }
}
