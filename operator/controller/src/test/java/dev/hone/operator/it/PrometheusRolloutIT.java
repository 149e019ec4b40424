package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.prometheus.StandInMetrics.comparisons;
import static dev.hone.operator.prometheus.StandInMetrics.version;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.operator.prometheus.PrometheusSettings;
import dev.hone.operator.prometheus.StandInMetrics;
import dev.hone.testing.apiserver.PrometheusServer;
import dev.hone.testing.apiserver.WithApiServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rollouts that are decided by what a real Prometheus has scraped. The routers' own statistics say
 * nothing here: whatever goes on goes on by Prometheus.
 */
@WithApiServer
class PrometheusRolloutIT extends RolloutTest {
  private final PrometheusServer prometheus;
  private Optional<StandInMetrics> router = Optional.empty();

  PrometheusRolloutIT(@TempDir Path folder) {
    prometheus = new PrometheusServer(folder);
    prometheus.start();
  }

  @Override
  Optional<PrometheusSettings> prometheus() {
    return Optional.of(
        PrometheusSettings.of(
            prometheus.url().toString(),
            Optional.empty(),
            Optional.empty(),
            Optional.of("namespace"),
            Duration.ofSeconds(5)));
  }

  @AfterEach
  void stopPrometheus() {
    prometheus.close();
    router.ifPresent(StandInMetrics::close);
  }

  /** A process in the router's place that has counted nothing. */
  private StandInMetrics newRouter() {
    router.ifPresent(StandInMetrics::close);
    StandInMetrics started =
        new StandInMetrics(bench.namespace(), NAME, () -> routing.path("revision").asText());
    router = Optional.of(started);
    prometheus.scrape(Map.of("namespace", bench.namespace()), List.of(started.port()));
    return started;
  }

  private void newVersion() {
    firstVersion();
    apply(B);
    await(RolloutStage.PREPARING, found -> found.getStatus().rollout().candidate() != null);
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.SHADOW, found -> true);
  }

  @Test
  void aGoodVersionTakesOverAndARouterThatRestartsLosesNothing() {
    StandInMetrics first = newRouter();
    newVersion();
    first.count(
        "Shadow-0-", version("stable", 1000, 0), version("shadow", 500, 0), comparisons(500, 500));
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);
    // With one error in a hundred allowed, 226 requests are needed: neither process has them.
    first.count(
        "Canary-1-",
        version("stable", 1000, 0),
        version("candidate", 150, 0),
        comparisons(500, 500));
    awaitDecision(RolloutStage.CANARY, "0 of 150 requests failed");
    StandInMetrics second = newRouter();
    second.count(
        "Canary-1-",
        version("stable", 1000, 0),
        version("candidate", 160, 0),
        comparisons(500, 500));
    InferenceDeployment next =
        await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 2);
    assertThat(next.getStatus().rollout().decision())
        .contains("step 1 of 2 at 5% passes", "0 of 310 requests failed");
    assertThat(next.getStatus().rollout().figures().candidate().requests()).isEqualTo(310);
    assertThat(next.getStatus().rollout().figures().candidate().p50Millis()).isEqualTo(2);
    second.count(
        "Canary-2-",
        version("stable", 1000, 0),
        version("candidate", 500, 0),
        comparisons(500, 500));
    await(RolloutStage.SOAKING, found -> true);
    second.count(
        "Soaking-0-", version("stable", 0, 0), version("candidate", 500, 0), comparisons(500, 500));
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
  }

  @Test
  void aVersionThatFailsIsStopped() {
    StandInMetrics metrics = newRouter();
    newVersion();
    metrics.count(
        "Shadow-0-", version("stable", 1000, 0), version("shadow", 500, 0), comparisons(500, 500));
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);
    metrics.count(
        "Canary-1-",
        version("stable", 1000, 0),
        version("candidate", 60, 20),
        comparisons(500, 500));
    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, inferenceIs("RolledBack"));
    assertThat(stopped.getStatus().rollout().decision())
        .startsWith("step 1 of 2 at 5% fails: 20 of 60 requests failed (at most 1%)");
    assertThat(stopped.getStatus().servedDigest()).isEqualTo(DIGEST_A);
  }

  @Test
  void itWaitsForAPrometheusThatIsAwayAndForOneThatScrapesNobody() {
    // Nobody asks the routers in its place: they would tell of a version that passes.
    counted = arm("stable", 1000, 0, 2000) + arm("shadow", 500, 0, 2000) + compared(500, 500);
    newVersion();
    InferenceDeployment waits =
        awaitDecision(
            RolloutStage.SHADOW,
            "the shadow stage waits: Prometheus at %s knows no series hone_router_candidate_weight of"
                    .formatted(prometheus.url())
                + " spam in namespace "
                + bench.namespace()
                + ": does it scrape port 8002 of the routers' pods, and set the label namespace to"
                + " their namespace?");
    assertThat(waits.getStatus().rollout().weight()).isZero();
    // A pod of somebody else's says what it likes.
    StandInMetrics metrics = newRouter();
    prometheus.scrape(Map.of("namespace", "other"), List.of(metrics.port()));
    metrics.count("Shadow-0-", version("stable", 1000, 0), version("shadow", 500, 400));
    prometheus.await("count_over_time(hone_router_errors_total{namespace=\"other\"}[1h]) > 3");
    prometheus.scrape(Map.of("namespace", bench.namespace()), List.of(metrics.port()));
    metrics.count(
        "Shadow-0-", version("stable", 40, 0), version("shadow", 20, 0), comparisons(20, 20));
    awaitDecision(RolloutStage.SHADOW, "20 answers compared (at least 100)");

    prometheus.stop();
    awaitDecision(
        RolloutStage.SHADOW,
        "the shadow stage waits: Prometheus at %s cannot be connected to: does it run, and may the"
                .formatted(prometheus.url())
            + " operator's pods reach it?");
    metrics.count(
        "Shadow-0-", version("stable", 1000, 0), version("shadow", 500, 0), comparisons(500, 500));
    prometheus.start();
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);
  }
}
