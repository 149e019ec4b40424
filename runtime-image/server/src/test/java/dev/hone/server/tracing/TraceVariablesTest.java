package dev.hone.server.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TraceVariablesTest {
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";

  @Test
  void tracesWhereThereIsACollector() {
    assertThat(TraceVariables.askForTraces(Map.of())).isFalse();
    assertThat(TraceVariables.askForTraces(Map.of("OTEL_SERVICE_NAME", "spam"))).isFalse();
    assertThat(TraceVariables.askForTraces(Map.of(ENDPOINT, " "))).isFalse();
    assertThat(TraceVariables.askForTraces(Map.of(ENDPOINT, "http://c:4317"))).isTrue();
    assertThat(
            TraceVariables.askForTraces(
                Map.of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces")))
        .isTrue();
    assertThat(TraceVariables.askForTraces(Map.of("OTEL_TRACES_EXPORTER", "otlp"))).isTrue();
  }

  @Test
  void tracesNothingWhereThatIsForbidden() {
    assertThat(
            TraceVariables.askForTraces(
                Map.of(ENDPOINT, "http://c:4317", "OTEL_SDK_DISABLED", "true")))
        .isFalse();
    assertThat(
            TraceVariables.askForTraces(
                Map.of(ENDPOINT, "http://c:4317", "OTEL_TRACES_EXPORTER", "none")))
        .isFalse();
  }

  @Test
  void aMistakeCostsTheTracesAlone() {
    Tracing tracing =
        Tracing.of(
            Map.of(ENDPOINT, "http://c:4317", "OTEL_TRACES_SAMPLER", "sometimes"), "hone-server");
    assertThat(tracing.isOn()).isFalse();
    assertThat(tracing.rpc("s", "m", name -> null)).isSameAs(RequestSpan.NONE);
  }
}
