package dev.hone.operator.prometheus;

import static dev.hone.operator.prometheus.StandInMetrics.comparisons;
import static dev.hone.operator.prometheus.StandInMetrics.version;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.rollout.Measurement;
import dev.hone.operator.rollout.StageFigures;
import dev.hone.testing.apiserver.PrometheusServer;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a real Prometheus tells of routers that it scrapes. */
@Timeout(120)
class PrometheusFiguresIT {
  private static final Owner OWNER = new Owner("InferenceDeployment", "team", "spam", "uid");
  private static final Map<String, String> TEAM = Map.of("namespace", "team");
  private static final List<Pod> TWO = List.of(new Pod(), new Pod());

  private final Instant begun = Instant.now();
  private final RolloutStatus canary =
      new RolloutStatus(
          RolloutStage.CANARY,
          new ServedModel("pvc://m/a", "sha256:a", null),
          new ServedModel("pvc://m/b", "sha256:b", null),
          1,
          5,
          begun.toString(),
          "before",
          null,
          null,
          null,
          null,
          null);
  private final String revision = RoutingDocument.revision(canary, Optional.empty());
  private final PrometheusServer prometheus;
  private final PrometheusFigures figures;
  private final StandInMetrics first = router();
  private final StandInMetrics second = router();

  PrometheusFiguresIT(@TempDir Path folder) {
    prometheus = new PrometheusServer(folder);
    prometheus.start();
    figures =
        new PrometheusFigures(
            PrometheusSettings.of(
                prometheus.url().toString(),
                Optional.empty(),
                Optional.empty(),
                Optional.of("namespace"),
                Duration.ofSeconds(10)),
            Clock.systemUTC());
  }

  private StandInMetrics router() {
    return new StandInMetrics("team", "spam", () -> revision);
  }

  @AfterEach
  void stop() {
    prometheus.close();
    first.close();
    second.close();
  }

  private StageFigures await(Predicate<StageFigures> wanted) {
    StageFigures told = figures.look(OWNER, canary, TWO);
    while (!wanted.test(told)) {
      // The test's timeout ends this.
      assertThat(Thread.interrupted()).as(told.toString()).isFalse();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
      told = figures.look(OWNER, canary, TWO);
    }
    return told;
  }

  private static boolean lacks(StageFigures told, String text) {
    return told.lacking().filter(sentence -> sentence.contains(text)).isPresent();
  }

  private static boolean requested(StageFigures told, long requests) {
    return told.measurement()
        .map(Measurement::candidate)
        .filter(candidate -> candidate.requests() == requests)
        .isPresent();
  }

  @Test
  void addsUpWhatRoutersCountedThoseThatAreGoneToo() {
    assertThat(lacks(figures.look(OWNER, canary, TWO), "knows no series")).isTrue();
    first.count(revision, version("candidate", 100, 10), comparisons(80, 70));
    second.count(revision, version("candidate", 50, 0), comparisons(20, 20));
    prometheus.scrape(TEAM, List.of(first.port()));
    await(
        told ->
            requested(told, 100)
                && lacks(told, "has scraped 1 of 2 routers since the stage began"));

    prometheus.scrape(TEAM, List.of(first.port(), second.port()));
    StageFigures both = await(told -> told.lacking().isEmpty());
    assertThat(both.until()).isAfter(begun).isBefore(Instant.now());
    Measurement measured = both.measurement().orElseThrow();
    assertThat(measured.candidate().requests()).isEqualTo(150);
    assertThat(measured.candidate().errors()).isEqualTo(10);
    assertThat(measured.candidate().latency().counts()).isEqualTo(Map.of(2000L, 140L));
    assertThat(measured.comparisons().samples()).isEqualTo(100);
    assertThat(measured.comparisons().outputs().get("logits"))
        .isEqualTo(new Measurement.OutputDifference(100, 90, 0.1, 0.1));

    // Another process in the place of the first, as of a container that was started again.
    try (StandInMetrics third = router()) {
      first.close();
      third.count(revision, version("candidate", 7, 1), comparisons(0, 0));
      prometheus.scrape(TEAM, List.of(third.port(), second.port()));
      assertThat(
              await(told -> requested(told, 157)).measurement().orElseThrow().candidate().errors())
          .isEqualTo(11);
    }
  }

  @Test
  void whatIsScrapedTwiceCountsOnceAndWhatIsScrapedElsewhereNotAtAll() {
    first.count(revision, version("candidate", 100, 10), comparisons(80, 70));
    second.count(revision, version("candidate", 50, 50), comparisons(20, 0));
    prometheus.scrape(Map.of("namespace", "other"), List.of(second.port()));
    prometheus.await("hone_router_errors_total{namespace=\"other\"} == 50");
    assertThat(lacks(figures.look(OWNER, canary, TWO), "knows no series")).isTrue();
    prometheus.scrape(Map.of("namespace", "team", "job", "again"), List.of(first.port()));
    await(told -> requested(told, 100));
    prometheus.scrape(TEAM, List.of(first.port()));
    prometheus.await(
        "count(last_over_time(hone_router_errors_total{namespace=\"team\"}[1h])) == 2");
    assertThat(requested(figures.look(OWNER, canary, TWO), 100)).isTrue();
  }

  @Test
  void goesOnWhenPrometheusIsBack() {
    first.count(revision, version("candidate", 100, 0), comparisons(80, 80));
    prometheus.scrape(TEAM, List.of(first.port(), second.port()));
    await(told -> told.lacking().isEmpty());
    prometheus.stop();
    StageFigures none = await(told -> lacks(told, "cannot be connected to"));
    assertThat(none.measurement()).isEmpty();
    first.count(revision, version("candidate", 200, 0), comparisons(80, 80));
    prometheus.start();
    await(told -> requested(told, 200) && told.lacking().isEmpty());
  }
}
