package dev.hone.operator.health;

import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.FreePort;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged operator as a process, with the token of its service account. */
final class OperatorProcess implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(90);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Process process;
  private final Path log;
  private final int managementPort;
  private final int reportPort;

  private OperatorProcess(Process process, Path log, int managementPort, int reportPort) {
    this.process = process;
    this.log = log;
    this.managementPort = managementPort;
    this.reportPort = reportPort;
  }

  /**
   * Starts it.
   *
   * @param home namespace of its service account hone-operator
   * @param name what its pod would be called
   * @param settings further environment variables
   */
  static OperatorProcess start(
      ApiServer server,
      String address,
      String home,
      Path folder,
      String name,
      Map<String, String> settings)
      throws IOException {
    Path jar = Repository.root().resolve("operator/controller/target/quarkus-app/quarkus-run.jar");
    Path kubeconfig =
        server.kubeconfig(
            folder.resolve("kubeconfig"), server.token(home, "hone-operator", List.of()), address);
    int managementPort = FreePort.next();
    int reportPort = FreePort.next();
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-jar",
            jar.toString());
    builder
        .environment()
        .putAll(
            Map.of(
                "KUBECONFIG",
                kubeconfig.toString(),
                "HOSTNAME",
                name,
                "HONE_OPERATOR_NAMESPACE",
                home,
                "HONE_TRAINER_IMAGE",
                "localhost/hone-trainer:test",
                "HONE_SERVER_IMAGE",
                "localhost/hone-server:test",
                "HONE_REPORT_URL",
                "https://localhost:" + reportPort,
                "HONE_REPORT_PORT",
                String.valueOf(reportPort),
                "QUARKUS_MANAGEMENT_PORT",
                String.valueOf(managementPort),
                // What the kubelet adds for the operator's own Service.
                "HONE_OPERATOR_PORT",
                "tcp://10.0.0.1:8443",
                "HONE_OPERATOR_SERVICE_HOST",
                "10.0.0.1"));
    builder.environment().putAll(settings);
    Path log = folder.resolve(name + ".log");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    return new OperatorProcess(process, log, managementPort, reportPort);
  }

  /** Waits until the management interface answers so. */
  void await(String path, int status) throws Exception {
    Instant end = Instant.now().plus(PATIENCE);
    String last = "nothing";
    while (Instant.now().isBefore(end) && process.isAlive()) {
      try {
        HttpResponse<String> response = get(path);
        if (response.statusCode() == status) {
          return;
        }
        last = response.body();
      } catch (IOException e) {
        last = String.valueOf(e.getMessage());
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    throw new AssertionError(path + " did not answer " + status + " but " + last + "\n" + log());
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://localhost:" + managementPort + path);
    return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The port that it takes reports on. */
  int reportPort() {
    return reportPort;
  }

  /** The certificate that its pods trust. */
  static String authority(KubernetesClient admin, String home) {
    String encoded =
        admin.secrets().inNamespace(home).withName("hone-ca").get().getData().get("tls.crt");
    return new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII);
  }

  /** What the kubelet does first: SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** Waits for its end; answers how it ended. */
  int exit() throws InterruptedException, IOException {
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      throw new AssertionError("the operator does not end\n" + log());
    }
    return process.exitValue();
  }

  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    http.close();
  }
}
