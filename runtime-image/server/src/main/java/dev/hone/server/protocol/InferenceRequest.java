package dev.hone.server.protocol;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An inference request.
 *
 * @param id echoed in the response, if given
 * @param outputs what is asked for; empty means the default
 * @param parameters of the request as a whole: strings, booleans, longs and doubles
 */
public record InferenceRequest(
    @Nullable String id,
    List<Tensor> inputs,
    List<RequestedOutput> outputs,
    Map<String, Object> parameters) {
  private static final String BINARY_OUTPUT = "binary_data_output";
  private static final String TIMEOUT = "timeout";

  /** Parameters that steer the server; the response repeats all others. */
  private static final Set<String> STEERING = Set.of(BINARY_OUTPUT, TIMEOUT, "priority");

  /** Copies the collections. */
  public InferenceRequest {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
  }

  /** A request for all outputs. */
  public static InferenceRequest of(List<Tensor> inputs) {
    return new InferenceRequest(null, inputs, List.of(), Map.of());
  }

  /**
   * Whether that output is to be answered as binary data.
   *
   * @throws ProtocolException with status 400 if {@code binary_data_output} is no boolean
   */
  public boolean binary(String output) {
    for (RequestedOutput requested : outputs) {
      Boolean own = requested.binary();
      if (own != null && requested.name().equals(output)) {
        return own;
      }
    }
    Object all = parameters.getOrDefault(BINARY_OUTPUT, false);
    if (all instanceof Boolean binary) {
      return binary;
    }
    throw ProtocolException.badRequest(
        "parameters.%s is %s: write true or false".formatted(BINARY_OUTPUT, all));
  }

  /**
   * How long the client waits, if it says so: Triton's {@code timeout} in microseconds.
   *
   * @throws ProtocolException with status 400 if that is no number above 0
   */
  public Optional<Duration> timeout() {
    Object timeout = parameters.get(TIMEOUT);
    if (timeout == null) {
      return Optional.empty();
    }
    if (timeout instanceof Long micros && micros >= 0) {
      // Triton reads 0 as no limit of its own.
      return micros == 0 ? Optional.empty() : Optional.of(Duration.of(micros, ChronoUnit.MICROS));
    }
    throw ProtocolException.badRequest(
        "parameters.%s is %s: write microseconds, from 0 up".formatted(TIMEOUT, timeout));
  }

  /** The parameters that the response repeats. */
  public Map<String, Object> echoed() {
    if (parameters.isEmpty()) {
      return parameters;
    }
    Map<String, Object> echoed = new LinkedHashMap<>(parameters);
    echoed.keySet().removeAll(STEERING);
    return echoed;
  }
}
