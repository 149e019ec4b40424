package dev.hone.operator.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.HoneApi;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.Repository;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Config;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged operator as a process: how it starts, what it shows, and how it stops. */
@WithApiServer
class OperatorProcessIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Pattern METER = Pattern.compile("(?m)^# TYPE (hone_\\S+) ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(hone_[a-z_]+)` ");

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Process> processes = new ArrayList<>();
  @TempDir Path folder;

  @AfterEach
  void stop() {
    processes.forEach(Process::destroyForcibly);
    http.close();
  }

  @Test
  void startsReadyLeadsAndHandsTheLeaseOverWhenItStops(ApiServer server) throws Exception {
    String home = server.newNamespace("process");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    int port = freePort();
    Process first = start(server, home, port, "first");
    await(port, "/q/health/ready", 200);
    await(port, "/q/health/live", 200);
    await(port, "/q/health/started", 200);
    awaitHolder(server.admin(), home, "first_");

    int otherPort = freePort();
    start(server, home, otherPort, "second");
    // Not the leader, and ready all the same.
    await(otherPort, "/q/health/ready", 200);
    assertThat(holder(server.admin(), home)).startsWith("first_");

    String metrics = get(port, "/q/metrics").body();
    assertThat(metrics).contains("hone_leader 1.0", "hone_certificate_expiry_seconds");
    assertThat(documented()).containsAll(meters(metrics));

    first.destroy();
    assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(first.exitValue()).isIn(0, 143);
    Instant stopped = Instant.now();
    awaitHolder(server.admin(), home, "second_");
    // Far less than the 15 s that a lease lasts when nobody gives it back.
    assertThat(Duration.between(stopped, Instant.now())).isLessThan(Duration.ofSeconds(10));
    assertThat(Files.readString(folder.resolve("first.log"))).doesNotContain("PRIVATE KEY");
  }

  /** The framework's extension for Quarkus would keep deletions from reconcilers such as ours. */
  @Test
  void aDeletionReachesTheReconcilerThatHoldsTheResource(ApiServer server) throws Exception {
    String home = server.newNamespace("process");
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    start(server, home, freePort(), "deleting");
    FineTuneJob job =
        Serialization.unmarshal(
            Files.readString(Repository.root().resolve("examples/01-spam-filter/10-finetune.yaml"))
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
        PATIENCE.toSeconds(),
        TimeUnit.SECONDS);
    resource.delete();
    resource.waitUntilCondition(Objects::isNull, PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(server.admin().batch().v1().jobs().inNamespace(home).list().getItems()).isEmpty();
  }

  private Process start(ApiServer server, String home, int port, String name) throws IOException {
    Path jar = Repository.root().resolve("operator/controller/target/quarkus-app/quarkus-run.jar");
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-jar",
            jar.toString());
    builder.environment().put("KUBECONFIG", kubeconfig(server, home).toString());
    builder.environment().put("HOSTNAME", name);
    builder.environment().put("HONE_OPERATOR_NAMESPACE", home);
    builder.environment().put("HONE_TRAINER_IMAGE", "localhost/hone-trainer:test");
    builder.environment().put("HONE_SERVER_IMAGE", "localhost/hone-server:test");
    builder.environment().put("HONE_REPORT_PORT", "0");
    builder.environment().put("QUARKUS_MANAGEMENT_PORT", String.valueOf(port));
    // What the kubelet adds for the operator's own Service.
    builder.environment().put("HONE_OPERATOR_PORT", "tcp://10.0.0.1:8443");
    builder.environment().put("HONE_OPERATOR_SERVICE_HOST", "10.0.0.1");
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  /** The administrator's kubeconfig, with the operator's own token in it. */
  private Path kubeconfig(ApiServer server, String home) throws IOException {
    var config = Serialization.unmarshal(Files.readString(server.kubeconfig()), Config.class);
    config.getUsers().getFirst().getUser().setToken(server.token(home, "hone-operator", List.of()));
    Path file = folder.resolve("kubeconfig");
    Files.writeString(file, Serialization.asYaml(config));
    return file;
  }

  private void await(int port, String path, int status) throws Exception {
    Instant end = Instant.now().plus(PATIENCE);
    String last = "nothing";
    while (Instant.now().isBefore(end) && processes.stream().allMatch(Process::isAlive)) {
      try {
        HttpResponse<String> response = get(port, path);
        if (response.statusCode() == status) {
          return;
        }
        last = response.body();
      } catch (IOException e) {
        last = String.valueOf(e.getMessage());
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    throw new AssertionError(path + " did not answer " + status + " but " + last + "\n" + logs());
  }

  private HttpResponse<String> get(int port, String path) throws Exception {
    URI uri = URI.create("http://localhost:" + port + path);
    return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private void awaitHolder(KubernetesClient client, String namespace, String prefix) {
    client
        .leases()
        .inNamespace(namespace)
        .withName("hone-operator")
        .waitUntilCondition(
            lease -> lease != null && String.valueOf(holder(lease)).startsWith(prefix),
            PATIENCE.toSeconds(),
            TimeUnit.SECONDS);
  }

  private static String holder(KubernetesClient client, String namespace) {
    return holder(client.leases().inNamespace(namespace).withName("hone-operator").get());
  }

  private static String holder(Lease lease) {
    return String.valueOf(lease.getSpec().getHolderIdentity());
  }

  private String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    try (var files = Files.newDirectoryStream(folder, "*.log")) {
      for (Path file : files) {
        text.append(file.getFileName()).append(":\n").append(Files.readString(file));
      }
    }
    return text.toString();
  }

  private static Set<String> meters(String metrics) {
    Set<String> names = new TreeSet<>();
    METER.matcher(metrics).results().forEach(match -> names.add(match.group(1)));
    return names;
  }

  private static Set<String> documented() throws IOException {
    Set<String> names = new TreeSet<>();
    ROW.matcher(Files.readString(Repository.root().resolve("docs/metrics.md")))
        .results()
        .forEach(match -> names.add(match.group(1)));
    return names;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
