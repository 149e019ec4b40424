package dev.hone.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A client that speaks the protocol's binary data extension. */
public final class BinaryClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LENGTH = "Inference-Header-Content-Length";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI base;

  /** A client of the server at that address. */
  public BinaryClient(URI base) {
    this.base = base;
  }

  /** POSTs a JSON object and what follows it. */
  public BinaryAnswer infer(String model, String json, byte[]... tail) {
    byte[] head = json.getBytes(StandardCharsets.UTF_8);
    return post(model, join(head, tail), Map.of(LENGTH, Integer.toString(head.length)));
  }

  /** POSTs an input's bytes and nothing else. */
  public BinaryAnswer raw(String model, byte[] body) {
    return post(model, body, Map.of(LENGTH, "0"));
  }

  /** POSTs bytes. */
  public BinaryAnswer post(String model, byte[] body, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve("/v2/models/" + model + "/infer"))
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    headers.forEach(request::header);
    try {
      return BinaryAnswer.of(http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static byte[] join(byte[] head, byte[]... tail) {
    int size = head.length + Arrays.stream(tail).mapToInt(part -> part.length).sum();
    ByteBuffer body = ByteBuffer.allocate(size).put(head);
    Arrays.stream(tail).forEach(body::put);
    return body.array();
  }

  /** Little-endian FP32. */
  public static byte[] floats(float... values) {
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return raw.array();
  }

  /** Little-endian INT64. */
  public static byte[] longs(long... values) {
    ByteBuffer raw = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asLongBuffer().put(values);
    return raw.array();
  }

  /** BYTES elements after their lengths. */
  public static byte[] strings(byte[]... values) {
    ByteBuffer raw =
        ByteBuffer.allocate(Arrays.stream(values).mapToInt(value -> 4 + value.length).sum())
            .order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(values).forEach(value -> raw.putInt(value.length).put(value));
    return raw.array();
  }

  /**
   * What the server answered.
   *
   * @param jsonLength as its header says, if it does
   */
  public record BinaryAnswer(int status, byte[] body, @Nullable Integer jsonLength) {
    private static BinaryAnswer of(HttpResponse<byte[]> response) {
      return new BinaryAnswer(
          response.statusCode(),
          response.body(),
          response.headers().firstValue(LENGTH).map(Integer::valueOf).orElse(null));
    }

    /** The JSON object. */
    public JsonNode json() {
      try {
        return JSON.readTree(body, 0, jsonLength == null ? body.length : jsonLength);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** The binary data of an output. */
    public ByteBuffer binary(String output) {
      int at = jsonLength == null ? body.length : jsonLength;
      for (JsonNode candidate : json().path("outputs")) {
        int size = candidate.path("parameters").path("binary_data_size").asInt(-1);
        if (candidate.path("name").asText().equals(output) && size >= 0) {
          return ByteBuffer.wrap(body, at, size).slice().order(ByteOrder.LITTLE_ENDIAN);
        }
        at += Math.max(size, 0);
      }
      throw new AssertionError("no binary output " + output + " in " + json());
    }
  }
}
