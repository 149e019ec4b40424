package dev.hone.server.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An output that a request asks for.
 *
 * @param classes with the classification extension, how many "score:index:label" strings; else 0
 * @param binary whether it is to be answered as binary data; null leaves that to the request
 */
public record RequestedOutput(String name, int classes, @Nullable Boolean binary) {
  /** An output as the model gives it, in the request's default form. */
  public static RequestedOutput plain(String name) {
    return new RequestedOutput(name, 0, null);
  }

  /**
   * An output with its parameters.
   *
   * @param path where it stands in the request, for the sentences
   * @throws ProtocolException with status 400 if a parameter is not what the protocol says
   */
  public static RequestedOutput of(String name, Map<String, Object> parameters, String path) {
    return new RequestedOutput(name, classes(parameters, path), binary(parameters, path));
  }

  private static int classes(Map<String, Object> parameters, String path) {
    Object classes = parameters.getOrDefault("classification", 0L);
    if (classes instanceof Long count
        && count <= Integer.MAX_VALUE
        && (count > 0 || !parameters.containsKey("classification"))) {
      return count.intValue();
    }
    throw ProtocolException.badRequest(
        "%s.parameters.classification must be how many classes to return, from 1 up"
            .formatted(path));
  }

  private static @Nullable Boolean binary(Map<String, Object> parameters, String path) {
    Object binary = parameters.get("binary_data");
    if (binary == null || binary instanceof Boolean) {
      return (Boolean) binary;
    }
    throw ProtocolException.badRequest(
        "%s.parameters.binary_data must be true or false".formatted(path));
  }
}
