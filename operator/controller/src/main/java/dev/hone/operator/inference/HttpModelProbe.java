package dev.hone.operator.inference;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.inference.Backend;
import dev.hone.operator.desired.ServingAccess;
import io.fabric8.kubernetes.api.model.Pod;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Reads the model's metadata by the Open Inference Protocol. */
public final class HttpModelProbe implements ModelProbe {

  private static final Logger LOG = Logger.getLogger(HttpModelProbe.class);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final PodHttp requests;
  private final PodHttp management;

  /**
   * Creates a probe.
   *
   * @param requests port of pods that answer everybody
   * @param management port of pods that speak TLS or want a key where they are sent requests
   */
  public HttpModelProbe(int requests, int management) {
    this.requests = new PodHttp(requests);
    this.management = new PodHttp(management);
  }

  @Override
  public Optional<Answer> ask(Pod pod, String model, Backend backend) {
    String path = "/v2/models/" + model;
    return switch (backend) {
      case SERVER ->
          get(pod, path, 200)
              .map(document -> document.path("parameters"))
              .map(
                  parameters ->
                      new Answer(text(parameters, "provider"), text(parameters, "digest")));
      case TRITON -> get(pod, path + "/config", 200).map(TritonModelConfig::answer);
    };
  }

  @Override
  public Optional<String> refusal(Pod pod) {
    return get(pod, "/v2/health/ready", 503).map(document -> text(document, "error"));
  }

  /** The document at that path, if it is answered with that status. */
  private Optional<JsonNode> get(Pod pod, String path, int status) {
    PodHttp http = ServingAccess.isRestricted(pod) ? management : requests;
    return http.send(pod, path, HttpRequest.newBuilder().GET())
        .flatMap(response -> document(response, status));
  }

  private static Optional<JsonNode> document(HttpResponse<String> response, int status) {
    if (response.statusCode() != status) {
      LOG.debugf("%s answers %d", response.uri(), response.statusCode());
      return Optional.empty();
    }
    try {
      return Optional.of(MAPPER.readTree(response.body()));
    } catch (JsonProcessingException e) {
      LOG.debugf(e, "%s answers with no JSON", response.uri());
      return Optional.empty();
    }
  }

  private static @Nullable String text(JsonNode parameters, String name) {
    JsonNode value = parameters.path(name);
    return value.isTextual() ? value.textValue() : null;
  }
}
