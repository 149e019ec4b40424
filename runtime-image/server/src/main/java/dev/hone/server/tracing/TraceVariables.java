package dev.hone.server.tracing;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** OpenTelemetry's variables, as far as they have to be understood before it is there. */
final class TraceVariables {
  private static final String PREFIX = "OTEL_";
  private static final Set<String> ENDPOINTS =
      Set.of("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");

  private TraceVariables() {}

  /** Whether there is somebody to send traces to, and nobody has forbidden it. */
  static boolean askForTraces(Map<String, String> environment) {
    String exporter = environment.getOrDefault("OTEL_TRACES_EXPORTER", "").strip();
    boolean somewhere =
        exporter.isEmpty()
            ? ENDPOINTS.stream().anyMatch(name -> !environment.getOrDefault(name, "").isBlank())
            : !exporter.equals("none");
    return somewhere
        && !Boolean.parseBoolean(environment.getOrDefault("OTEL_SDK_DISABLED", "").strip());
  }

  /** The same as properties of the SDK: otel.exporter.otlp.endpoint. */
  static Map<String, String> properties(Map<String, String> environment) {
    return environment.entrySet().stream()
        .filter(variable -> variable.getKey().startsWith(PREFIX))
        .collect(
            Collectors.toMap(
                variable -> variable.getKey().toLowerCase(Locale.ROOT).replace('_', '.'),
                Map.Entry::getValue));
  }
}
