package dev.hone.operator.metrics;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.hone.operator.engine.EvictionCause;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.javaoperatorsdk.operator.api.monitoring.Metrics.ControllerExecution;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table in docs/metrics.md names every meter, and no other. */
class MetricsTableTest {
  private static final Pattern METER = Pattern.compile("(?m)^# TYPE (hone_\\S+) ");
  private static final Pattern ANY_ROW = Pattern.compile("(?m)^\\| `([a-z_]+)` ");
  private static final Pattern ASKED = Pattern.compile("\\b((?:hone|nv)_[a-z_]+)\\b");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(hone_[a-z_]+)` ");

  @Test
  void theTableAndTheMetersAreTheSame() throws Exception {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    var reports = new ReportMetrics(registry);
    reports.received("progress", Duration.ofMillis(1));
    reports.rejected("result", "busy", Duration.ofMillis(1));
    reports.statusWrite("written");
    reports.waitingWrites(this, _ -> 0);
    reports.reporters(this, _ -> 0);
    reports.certificateExpiry(this, _ -> 0);
    var runs = new RunMetrics(registry);
    runs.started("FineTuneJob");
    runs.finished(RunMetricsTest.compressed());
    new EngineMetrics(registry).evicted(EvictionCause.AGE);
    var reconciles = new ReconcileMetrics(registry);
    reconciles.reconciliationSubmitted(new ConfigMap(), null, Map.of());
    reconciles.timeControllerExecution(new Nothing());
    LeaderMetrics.gauge(() -> true).register(registry);

    String document = Files.readString(Repository.root().resolve("docs/metrics.md"));
    String table = document.substring(0, document.indexOf("# Metrics of the routers"));
    assertThat(METER.matcher(registry.scrape()).results().map(match -> match.group(1)))
        .containsExactlyInAnyOrderElementsOf(
            ROW.matcher(table).results().map(match -> match.group(1)).toList());
  }

  /** An alert on a meter that nobody publishes would never fire. */
  @ParameterizedTest
  @ValueSource(strings = {"rules.yaml", "dashboard.json"})
  void alertsAndTheDashboardAskForWhatTheTablesName(String file) throws Exception {
    String document = Files.readString(Repository.root().resolve("docs/metrics.md"));
    Set<String> rows =
        ANY_ROW.matcher(document).results().map(match -> match.group(1)).collect(toSet());
    String text = Files.readString(Repository.root().resolve("helm/hone/monitoring").resolve(file));
    new YAMLMapper().readTree(text);
    assertThat(ASKED.matcher(text).results().map(match -> match.group(1)).distinct())
        .hasSizeGreaterThan(5)
        .allSatisfy(
            name ->
                assertThat(rows)
                    .containsAnyOf(name, name.replaceFirst("_(bucket|count|sum)$", "")));
  }

  /** A reconciliation that does nothing. */
  private static final class Nothing implements ControllerExecution<String> {
    @Override
    public String name() {
      return "reconcile";
    }

    @Override
    public String controllerName() {
      return "test";
    }

    @Override
    public String successTypeName(String result) {
      return result;
    }

    @Override
    public ResourceID resourceID() {
      return new ResourceID("a", "b");
    }

    @Override
    public Map<String, Object> metadata() {
      return Map.of();
    }

    @Override
    public String execute() {
      return "done";
    }
  }
}
