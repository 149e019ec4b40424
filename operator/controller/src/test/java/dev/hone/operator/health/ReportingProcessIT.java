package dev.hone.operator.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.it.ChartRoles;
import dev.hone.operator.progress.ReportClient;
import dev.hone.operator.progress.ReportingRun;
import dev.hone.operator.progress.Reports;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.Repository;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.Wire;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports to the packaged operator: under Roles alone, and while it is told to stop. */
@WithApiServer
class ReportingProcessIT {
  private static final String HASH = "a1b2c3d4e5";

  @TempDir Path folder;

  @Test
  void narrowedToANamespaceItLeadsWorksAndTakesReports(ApiServer server, TestNamespace namespace)
      throws Exception {
    String watched = namespace.name();
    String home = server.newNamespace("narrowed");
    server.serviceAccount(home, "hone-operator", ChartRoles.renderNarrowed(home, watched)).close();
    try (OperatorProcess operator =
        OperatorProcess.start(
            server,
            server.url(),
            home,
            folder,
            "narrowed",
            Map.of("HONE_WATCH_NAMESPACES", watched))) {
      operator.await("/q/health/ready", 200);
      apply(server, watched);
      Job job = awaitJob(server, watched);
      String hash = Objects.requireNonNull(job.getMetadata().getLabels().get(Labels.SPEC_HASH));
      Pod pod = server.admin().resource(podOf(job)).create();
      String token =
          server.podToken(
              watched,
              "default",
              List.of(Names.REPORT_AUDIENCE),
              pod.getMetadata().getName(),
              pod.getMetadata().getUid());
      server
          .admin()
          .resources(FineTuneJob.class)
          .inNamespace(watched)
          .withName("spam-lora")
          .waitUntilCondition(
              found -> found.getStatus() != null && found.getStatus().job() != null,
              60,
              TimeUnit.SECONDS);
      var pods =
          new ReportClient(OperatorProcess.authority(server.admin(), home), operator.reportPort());
      HttpResponse<String> answer =
          pods.post(
              Names.reportPath(watched, FineTuneJob.PLURAL, "spam-lora") + "/progress",
              token,
              Reports.progress(hash, 1));
      assertThat(answer.body()).isEqualTo("{\"intervalSeconds\":2}");
      assertThat(operator.log()).doesNotContain(token);
    }
  }

  private static Job awaitJob(ApiServer server, String namespace) throws Exception {
    return server
        .admin()
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.NAME, "spam-lora")
        .informOnCondition(jobs -> jobs.size() == 1)
        .get(60, TimeUnit.SECONDS)
        .getFirst();
  }

  private static Pod podOf(Job job) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(job.getMetadata().getNamespace())
        .withName(job.getMetadata().getName() + "-abcde")
        .addNewOwnerReference()
        .withApiVersion("batch/v1")
        .withKind("Job")
        .withName(job.getMetadata().getName())
        .withUid(job.getMetadata().getUid())
        .withController(true)
        .endOwnerReference()
        .endMetadata()
        .withSpec(job.getSpec().getTemplate().getSpec())
        .build();
  }

  private static void apply(ApiServer server, String namespace) throws Exception {
    HasMetadata resource =
        Serialization.unmarshal(
            Files.readString(Repository.root().resolve("examples/01-spam-filter/10-finetune.yaml")),
            FineTuneJob.class);
    resource.getMetadata().setNamespace(namespace);
    server.admin().resource(resource).create();
  }

  @Test
  void aReportThatWasLetInIsAnsweredAlthoughItStops(ApiServer server, TestNamespace namespace)
      throws Exception {
    String home = server.newNamespace("drain");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    ReportingRun run = ReportingRun.create(server, namespace.name(), "spam", HASH);
    String token = run.token();
    // The wire is quiet then, so that what is held back is the report and nothing else.
    var settings = Map.of("HONE_LEADER_ELECTION", "false", "HONE_WATCH_NAMESPACES", home);
    try (Wire wire = new Wire(server);
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        OperatorProcess operator =
            OperatorProcess.start(server, wire.url(), home, folder, "stopping", settings)) {
      operator.await("/q/health/ready", 200);
      var pods =
          new ReportClient(OperatorProcess.authority(server.admin(), home), operator.reportPort());
      wire.hold();
      Future<HttpResponse<String>> report =
          threads.submit(() -> pods.post(run.path("result"), token, Reports.result(HASH, "a")));
      wire.awaitHeld();

      operator.terminate();
      awaitStopping(pods, run);
      assertThat(report.isDone()).isFalse();
      wire.mend();

      HttpResponse<String> answer = report.get(30, TimeUnit.SECONDS);
      assertThat(answer.body()).contains("intervalSeconds");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(run.result()).isNotNull();
      assertThat(operator.exit()).isIn(0, 143);
    }
  }

  /** Other reports are sent elsewhere from the moment on at which it stops. */
  private static void awaitStopping(ReportClient pods, ReportingRun run) throws Exception {
    Instant end = Instant.now().plus(Duration.ofSeconds(20));
    String last = "";
    while (Instant.now().isBefore(end)) {
      // Without a token: whether it is stopping is looked at first.
      HttpResponse<String> answer = pods.post(run.path("progress"), null, "{}");
      if (answer.statusCode() == 503 && answer.body().contains("stopping")) {
        return;
      }
      last = answer.body();
      TimeUnit.MILLISECONDS.sleep(100);
    }
    throw new AssertionError("it takes reports still, for it says " + last);
  }
}
