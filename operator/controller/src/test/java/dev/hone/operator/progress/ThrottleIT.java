package dev.hone.operator.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Many runs share one budget of writes, and are told to report less often. */
@WithApiServer
class ThrottleIT {
  private static final String HASH = "a1b2c3d4e5";
  private static final int RUNS = 12;
  private static final int WRITES_PER_SECOND = 4;

  @Test
  void theMoreRunsThereAreTheLessOftenEachIsWritten(ApiServer server, TestNamespace namespace)
      throws Exception {
    String home = server.newNamespace("throttle");
    var config =
        Settings.of(
            home, Map.of("hone.status-writes-per-second", String.valueOf(WRITES_PER_SECOND)));
    List<ReportingRun> runs = new ArrayList<>();
    for (int i = 0; i < RUNS; i++) {
      runs.add(ReportingRun.create(server, namespace.name(), "run-" + i, HASH));
    }
    var writes = new Writes();
    try (Watch _ =
            server
                .admin()
                .resources(FineTuneJob.class)
                .inNamespace(namespace.name())
                .watch(writes);
        KubernetesClient client =
            server.serviceAccount(home, "hone-operator", ChartRoles.render(home));
        Replica replica = new Replica(client, config)) {
      // Two rounds, faster than allowed: the second overtakes what waits of the first.
      report(replica, runs, 10);
      List<String> answers = report(replica, runs, 20);
      assertThat(answers).contains("{\"intervalSeconds\":" + RUNS / WRITES_PER_SECOND + "}");
      for (ReportingRun run : runs) {
        run.awaitPercent(20);
      }
    }
    List<Instant> times = List.copyOf(writes.times);
    assertThat(times).hasSizeBetween(RUNS, 2 * RUNS);
    // Seen from here, so that the way of the events counts; on average it must be right.
    Duration took = Duration.between(times.getFirst(), times.getLast());
    assertThat(took)
        .isGreaterThan(Duration.ofMillis((times.size() - 3) * 1000L / WRITES_PER_SECOND));
  }

  private static List<String> report(Replica replica, List<ReportingRun> runs, double percent)
      throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<HttpResponse<String>>> reports = new ArrayList<>();
      for (ReportingRun run : runs) {
        String token = run.token();
        reports.add(
            () -> replica.post(run.path("progress"), token, Reports.progress(HASH, percent)));
      }
      List<String> answers = new ArrayList<>();
      for (Future<HttpResponse<String>> answer : threads.invokeAll(reports)) {
        assertThat(answer.get().statusCode()).isEqualTo(200);
        answers.add(answer.get().body());
      }
      return answers;
    }
  }

  /** When progress was written. */
  private static final class Writes implements Watcher<FineTuneJob> {
    private final Queue<Instant> times = new ConcurrentLinkedQueue<>();

    @Override
    public void eventReceived(Action action, FineTuneJob job) {
      if (action == Action.MODIFIED && job.getStatus().progress() != null) {
        times.add(Instant.now());
      }
    }

    @Override
    public void onClose(WatcherException cause) {
      throw new AssertionError("the watch ended", cause);
    }
  }
}
