package dev.hone.operator.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Reads the model's metadata by the Open Inference Protocol. */
public final class HttpModelProbe implements ModelProbe {

  private static final Logger LOG = Logger.getLogger(HttpModelProbe.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();
  private final int port;

  /** Creates a probe that asks pods at the given port. */
  public HttpModelProbe(int port) {
    this.port = port;
  }

  @Override
  public Optional<Answer> ask(Pod pod, String model) {
    return get(pod, "/v2/models/" + model, 200)
        .map(document -> document.path("parameters"))
        .map(parameters -> new Answer(text(parameters, "provider"), text(parameters, "digest")));
  }

  @Override
  public Optional<String> refusal(Pod pod) {
    return get(pod, "/v2/health/ready", 503).map(document -> text(document, "error"));
  }

  /** The document at that path, if it is answered with that status. */
  private Optional<JsonNode> get(Pod pod, String path, int status) {
    String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    if (ip == null) {
      return Optional.empty();
    }
    String host = ip.contains(":") ? "[" + ip + "]" : ip;
    URI uri = URI.create("http://" + host + ":" + port + path);
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(uri).timeout(TIMEOUT).GET().build(),
              HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != status) {
        LOG.debugf("%s answers %d", uri, response.statusCode());
        return Optional.empty();
      }
      return Optional.of(MAPPER.readTree(response.body()));
    } catch (IOException e) {
      LOG.debugf(e, "%s gives no answer", uri);
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private static @Nullable String text(JsonNode parameters, String name) {
    JsonNode value = parameters.path(name);
    return value.isTextual() ? value.textValue() : null;
  }
}
