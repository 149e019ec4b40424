package dev.hone.operator.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.HoneApi;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.Repository;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged operator as a process: how it starts, what it shows, and how it stops. */
@WithApiServer
class OperatorProcessIT {
  private static final Pattern METER = Pattern.compile("(?m)^# TYPE (hone_\\S+) ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(hone_[a-z_]+)` ");

  @TempDir Path folder;

  @Test
  void startsReadyLeadsAndHandsTheLeaseOverWhenItStops(ApiServer server) throws Exception {
    String home = server.newNamespace("process");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    try (OperatorProcess first = start(server, home, "first")) {
      first.await("/q/health/ready", 200);
      first.await("/q/health/live", 200);
      first.await("/q/health/started", 200);
      awaitHolder(server.admin(), home, "first_");

      try (OperatorProcess second = start(server, home, "second")) {
        // Not the leader, and ready all the same.
        second.await("/q/health/ready", 200);
        assertThat(holder(server.admin(), home)).startsWith("first_");

        String metrics = first.get("/q/metrics").body();
        assertThat(metrics).contains("hone_leader 1.0", "hone_certificate_expiry_seconds");
        assertThat(documented()).containsAll(meters(metrics));

        first.terminate();
        assertThat(first.exit()).isIn(0, 143);
        Instant stopped = Instant.now();
        awaitHolder(server.admin(), home, "second_");
        // Far less than the 15 s that a lease lasts when nobody gives it back.
        assertThat(Duration.between(stopped, Instant.now())).isLessThan(Duration.ofSeconds(10));
        assertThat(first.log()).doesNotContain("PRIVATE KEY");
      }
    }
  }

  /** The framework's extension for Quarkus would keep deletions from reconcilers such as ours. */
  @Test
  void aDeletionReachesTheReconcilerThatHoldsTheResource(ApiServer server) throws Exception {
    String home = server.newNamespace("process");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    try (OperatorProcess _ = start(server, home, "deleting")) {
      FineTuneJob job =
          Serialization.unmarshal(
              Files.readString(
                      Repository.root().resolve("examples/01-spam-filter/10-finetune.yaml"))
                  .replace(
                      "uri: pvc://spam-filter/artifacts",
                      "uri: pvc://spam-filter/artifacts\n    deletionPolicy: Delete"),
              FineTuneJob.class);
      job.getMetadata().setNamespace(home);
      var resource = server.admin().resource(job);
      resource.create();
      resource.waitUntilCondition(
          found ->
              found.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER)
                  && found.getStatus() != null
                  && found.getStatus().job() != null,
          OperatorProcess.PATIENCE.toSeconds(),
          TimeUnit.SECONDS);
      resource.delete();
      resource.waitUntilCondition(
          Objects::isNull, OperatorProcess.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(server.admin().batch().v1().jobs().inNamespace(home).list().getItems()).isEmpty();
    }
  }

  private OperatorProcess start(ApiServer server, String home, String name) throws IOException {
    return OperatorProcess.start(server, server.url(), home, folder, name, Map.of());
  }

  private void awaitHolder(KubernetesClient client, String namespace, String prefix) {
    client
        .leases()
        .inNamespace(namespace)
        .withName("hone-operator")
        .waitUntilCondition(
            lease -> lease != null && String.valueOf(holder(lease)).startsWith(prefix),
            OperatorProcess.PATIENCE.toSeconds(),
            TimeUnit.SECONDS);
  }

  private static String holder(KubernetesClient client, String namespace) {
    return holder(client.leases().inNamespace(namespace).withName("hone-operator").get());
  }

  private static String holder(Lease lease) {
    return String.valueOf(lease.getSpec().getHolderIdentity());
  }

  private static Set<String> meters(String metrics) {
    Set<String> names = new TreeSet<>();
    METER.matcher(metrics).results().forEach(match -> names.add(match.group(1)));
    return names;
  }

  private static Set<String> documented() throws IOException {
    Set<String> names = new TreeSet<>();
    String document = Files.readString(Repository.root().resolve("docs/metrics.md"));
    ROW.matcher(document.substring(0, document.indexOf("# Metrics of the routers")))
        .results()
        .forEach(match -> names.add(match.group(1)));
    return names;
  }
}
