package dev.hone.operator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.Names;
import dev.hone.api.engine.EngineArtifact;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Objects;
import java.util.Optional;

/**
 * What a pod that has built an engine left as its termination message.
 *
 * @param engine the engine
 * @param reused whether it was there already
 */
record EngineResult(EngineArtifact engine, boolean reused) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The pod's result; empty if it left none. */
  static Optional<EngineResult> of(Pod pod, String uri) {
    if (pod.getStatus() == null) {
      return Optional.empty();
    }
    return pod.getStatus().getContainerStatuses().stream()
        .filter(status -> Names.SERVER_CONTAINER.equals(status.getName()))
        .filter(status -> status.getState() != null)
        .map(status -> status.getState().getTerminated())
        .filter(Objects::nonNull)
        .filter(ended -> Objects.equals(ended.getExitCode(), 0))
        .map(ContainerStateTerminated::getMessage)
        .filter(Objects::nonNull)
        .map(message -> read(message, uri))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Optional<EngineResult> read(String message, String uri) {
    try {
      JsonNode document = JSON.readTree(message);
      JsonNode digest = document.path("digest");
      return digest.isTextual()
          ? Optional.of(
              new EngineResult(
                  new EngineArtifact(
                      uri,
                      digest.textValue(),
                      document.path("sizeBytes").isNumber()
                          ? document.path("sizeBytes").longValue()
                          : null,
                      document.path("buildSeconds").isNumber()
                          ? document.path("buildSeconds").doubleValue()
                          : null),
                  document.path("reused").asBoolean()))
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
