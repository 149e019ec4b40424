package dev.hone.operator.progress;

import static dev.hone.operator.progress.Reports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Names;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.Progress;
import dev.hone.api.common.ProgressSummary;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The endpoint with the chart's rights, real tokens and the real API server. */
@WithApiServer
class ReportEndpointIT {
  private static final String HASH = "a1b2c3d4e5";

  private ApiServer server;
  private String home;
  private HoneConfig config;
  private KubernetesClient client;
  private Replica replica;
  private ReportingRun run;

  @BeforeEach
  void start(ApiServer apiServer, TestNamespace namespace) throws Exception {
    server = apiServer;
    home = apiServer.newNamespace("operator");
    config = Settings.of(home, Map.of());
    client = apiServer.serviceAccount(home, "hone-operator", ChartRoles.render(home));
    replica = new Replica(client, config);
    run = ReportingRun.create(apiServer, namespace.name(), "spam", HASH);
  }

  @AfterEach
  void stop() {
    replica.close();
    client.close();
  }

  @Test
  void theRunsOwnPodMayReport() throws Exception {
    HttpResponse<String> answer = replica.post(run.path("progress"), run.token(), progress(42.5));

    assertThat(answer.body()).isEqualTo("{\"intervalSeconds\":2}");
    assertThat(answer.statusCode()).isEqualTo(200);
    Progress written = progressOf(run.awaitPercent(42.5));
    assertThat(written.summary()).isEqualTo(new ProgressSummary("42%", "34/80", "0.3100", null));
    assertThat(written.phase()).isEqualTo("Training");
  }

  @Test
  void progressAndTheLeadersConditionsLiveSideBySide() throws Exception {
    replica.post(run.path("progress"), run.token(), progress(10));
    run.awaitPercent(10);
    run.record();
    replica.post(run.path("progress"), run.token(), progress(20));

    FineTuneJob written = run.awaitPercent(20);
    assertThat(written.getStatus().conditions()).hasSize(1);
    assertThat(written.getStatus().job())
        .isNotNull()
        .extracting(JobReference::hash)
        .isEqualTo(HASH);
    List<ManagedFieldsEntry> entries = written.getMetadata().getManagedFields();
    assertThat(ownedStatusFields(entries, "hone-progress")).containsExactly("f:progress");
    assertThat(ownedStatusFields(entries, "hone-operator"))
        .containsExactlyInAnyOrder("f:conditions", "f:job");
  }

  @Test
  void whoHasNoValidTokenIsUnauthorized() throws Exception {
    String path = run.path("progress");
    assertThat(replica.post(path, null, progress(1)).statusCode()).isEqualTo(401);
    assertThat(replica.post(path, "abc.def.ghi", progress(1)).statusCode()).isEqualTo(401);
    String other = run.token("https://somewhere.else");
    assertThat(replica.post(path, other, progress(1)).statusCode()).isEqualTo(401);
    String unbound = server.token(run.namespace(), "default", List.of(Names.REPORT_AUDIENCE));
    HttpResponse<String> answer = replica.post(path, unbound, progress(1));
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.body()).contains("not bound to a pod");
  }

  @Test
  void aPodMayNotReportForOthers() throws Exception {
    ReportingRun sibling = ReportingRun.create(server, run.namespace(), "other", HASH);
    ReportingRun stranger = ReportingRun.create(server, server.newNamespace("team"), "spam", HASH);

    assertRefused(
        replica.post(sibling.path("progress"), run.token(), progress(1)), 403, "not a Job");
    assertRefused(
        replica.post(run.path("progress"), stranger.token(), progress(1)), 403, "namespace");
    assertRefused(
        replica.post(run.path("result"), stranger.token(), result("a")), 403, "namespace");
    String missing = run.path("progress").replace("/spam/", "/missing/");
    assertRefused(replica.post(missing, run.token(), progress(1)), 404, "There is no");
    assertThat(sibling.status().progress()).isNull();
    assertThat(run.status().progress()).isNull();
  }

  @Test
  void onlyTheFirstPodOfAnIndexedJobMayReport() throws Exception {
    run.index(1);
    assertRefused(
        replica.post(run.path("progress"), run.token(), progress(1)),
        403,
        "only the pod of index 0");
    assertThat(run.status().progress()).isNull();
    ReportingRun first = ReportingRun.create(server, run.namespace(), "first", HASH);
    first.index(0);
    assertThat(replica.post(first.path("progress"), first.token(), progress(42.5)).statusCode())
        .isEqualTo(200);
  }

  @Test
  void aPodThatIsGoneMayNotReport() throws Exception {
    String token = run.token();
    run.deletePod();
    assertThat(replica.post(run.path("progress"), token, progress(1)).statusCode()).isIn(401, 403);
  }

  @Test
  void aPodOfAnEarlierRunIsToldSo() throws Exception {
    ReportingRun next = run.next("f6a7b8c9d0");
    next.record();

    assertRefused(replica.post(run.path("progress"), run.token(), progress(1)), 409, "current run");
    assertRefused(replica.post(run.path("result"), run.token(), result("a")), 409, "current run");
    String foreign = progress(1);
    assertRefused(replica.post(run.path("progress"), next.token(), foreign), 409, "f6a7b8c9d0");
    assertThat(next.status().progress()).isNull();
  }

  @Test
  void aResultIsKeptOnceAndBeforeTheAnswer() throws Exception {
    HttpResponse<String> first = replica.post(run.path("result"), run.token(), result("a"));
    assertThat(first.statusCode()).isEqualTo(200);
    ConfigMap kept =
        server
            .admin()
            .configMaps()
            .inNamespace(run.namespace())
            .withName(Names.resultConfigMap("spam", HASH))
            .get();
    assertThat(kept.getImmutable()).isTrue();
    assertThat(kept.getData()).containsEntry(Names.RESULT_KEY, result("a"));
    assertThat(kept.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(
            owner -> assertThat(owner.getUid()).isEqualTo(run.resource.getMetadata().getUid()));

    try (Replica second = new Replica(client, config)) {
      assertThat(second.post(run.path("result"), run.token(), result("a")).statusCode())
          .isEqualTo(200);
      assertRefused(
          second.post(run.path("result"), run.token(), result("b")), 409, "another artifact");
    }
    assertThat(progressOf(run.awaitPercent(100)).phase()).isEqualTo("Completed");
  }

  @Test
  void badBodiesAreRefusedWithASentence() throws Exception {
    String token = run.token();
    assertRefused(replica.post(run.path("progress"), token, progress(101)), 400, "/percent");
    assertRefused(replica.post(run.path("progress"), token, "{"), 400, "JSON");
    assertRefused(replica.post(run.path("result"), token, progress(1)), 400, ".");
    assertRefused(
        replica.post(run.path("progress"), token, " ".repeat(17 * 1024)), 413, "16384 bytes");
    assertRefused(
        replica.post(run.path("result"), token, " ".repeat(257 * 1024)), 413, "262144 bytes");
    assertThat(replica.post("/v1/anything", token, "").statusCode()).isEqualTo(404);
    HttpRequest get = HttpRequest.newBuilder(replica.uri(run.path("progress"))).GET().build();
    assertThat(replica.send(get).statusCode()).isEqualTo(405);
  }

  @Test
  void theCertificateIsSwappedWithoutARestart() throws Exception {
    X509Certificate before = replica.servedCertificate();
    server.admin().secrets().inNamespace(home).withName("hone-serving-cert").delete();

    replica.endpoint.refreshCertificates();

    X509Certificate after = replica.servedCertificate();
    assertThat(after.getSerialNumber()).isNotEqualTo(before.getSerialNumber());
    assertThat(replica.post(run.path("progress"), run.token(), progress(5)).statusCode())
        .isEqualTo(200);
  }

  @Test
  void theAuthorityIsWrittenBackWhenSomebodyDeletesIt() throws Exception {
    String before = replica.certificates.caCertificatePem();
    server.admin().secrets().inNamespace(home).withName("hone-ca").delete();

    replica.endpoint.refreshCertificates();

    assertThat(server.admin().secrets().inNamespace(home).withName("hone-ca").get()).isNotNull();
    assertThat(replica.certificates.caCertificatePem()).isEqualTo(before);
  }

  @Test
  void replicasThatStartAtOnceAgreeOnTheCertificates() throws Exception {
    String fresh = server.newNamespace("race");
    HoneConfig shared = Settings.of(fresh, Map.of());
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        KubernetesClient own =
            server.serviceAccount(fresh, "hone-operator", ChartRoles.render(fresh))) {
      Callable<Replica> start = () -> new Replica(own, shared);
      List<Future<Replica>> started = threads.invokeAll(List.of(start, start, start));
      String ca = started.getFirst().get().certificates.caCertificatePem();
      var serial = started.getFirst().get().servedCertificate().getSerialNumber();
      for (Future<Replica> future : started) {
        try (Replica other = future.get()) {
          assertThat(other.certificates.caCertificatePem()).isEqualTo(ca);
          assertThat(other.servedCertificate().getSerialNumber()).isEqualTo(serial);
        }
      }
    }
  }

  @Test
  void anApiServerThatCannotBeReachedIsWorthAnotherTry() throws Exception {
    String token = run.token();
    server.admin().rbac().clusterRoleBindings().withName("hone-operator").delete();

    HttpResponse<String> answer = replica.post(run.path("progress"), token, progress(1));

    assertRefused(answer, 503, "again");
    assertThat(answer.headers().firstValue("Retry-After")).hasValue("5");
  }

  @Test
  void aReplicaThatStopsSendsItsReportersElsewhere() throws Exception {
    replica.endpoint.stopTaking();

    HttpResponse<String> answer = replica.post(run.path("progress"), run.token(), progress(1));

    assertRefused(answer, 503, "stopping");
    assertThat(replica.endpoint.isReady()).isFalse();
  }

  private static Progress progressOf(FineTuneJob job) {
    return Objects.requireNonNull(job.getStatus().progress());
  }

  private static List<String> ownedStatusFields(List<ManagedFieldsEntry> entries, String manager) {
    return entries.stream()
        .filter(entry -> manager.equals(entry.getManager()))
        .map(entry -> (Map<?, ?>) entry.getFieldsV1().getAdditionalProperties().get("f:status"))
        .flatMap(status -> status.keySet().stream())
        .map(String::valueOf)
        .toList();
  }

  private static String progress(double percent) {
    return Reports.progress(HASH, percent);
  }

  private static String result(String digit) {
    return Reports.result(HASH, digit);
  }
}
