package dev.hone.server.tracing;

import java.util.Map;

/**
 * Makes a span of each inference request. Where the environment names no collector it makes none,
 * and no class of OpenTelemetry's is loaded.
 */
public interface Tracing extends AutoCloseable {
  /** Traces nothing. */
  Tracing OFF = Untraced.TRACING;

  /**
   * Traces as OpenTelemetry's own variables say (OTEL_EXPORTER_OTLP_ENDPOINT and its kin); a
   * mistake in them is logged, and costs the traces alone.
   *
   * @param service the name of the service where the variables give none
   */
  static Tracing of(Map<String, String> environment, String service) {
    return TraceVariables.askForTraces(environment)
        ? OpenTelemetryTracing.start(environment, service)
        : OFF;
  }

  /** Whether anything is traced. */
  boolean isOn();

  /** An inference request over HTTP has come. */
  RequestSpan http(String method, String path, String scheme, Incoming headers);

  /** A call of gRPC has come. */
  RequestSpan rpc(String service, String method, Incoming headers);

  /** Sends what has not been sent yet, for some seconds at most. */
  @Override
  void close();
}
