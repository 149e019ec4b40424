package dev.hone.operator.scale;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.FreePort;
import dev.hone.testing.apiserver.LogFile;
import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
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
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packaged operator, in a process of its own, with the memory that the chart gives it and, as
 * in its image, an AOT cache.
 */
final class OperatorProcess implements AutoCloseable {

  /** The chart's limit of the container, in MiB. */
  static final int MEMORY_MIB = 768;

  private static final Duration STARTUP = Duration.ofMinutes(3);
  private static final Duration WRITING = Duration.ofMinutes(3);
  private static final String CACHE = "operator.aot";

  private final Process process;
  private final int managementPort;
  private final Path log;
  private final Instant started;
  private final HttpClient http = HttpClient.newHttpClient();

  private OperatorProcess(Process process, int managementPort, Path log) {
    this.process = process;
    this.managementPort = managementPort;
    this.log = log;
    this.started = Instant.now();
  }

  /** Has it start and end, and write what that takes for {@link #start} as the AOT cache. */
  static void train(ApiServer server, String token, String namespace, Path directory)
      throws IOException, InterruptedException {
    Path cache = directory.resolve(CACHE);
    try (OperatorProcess operator =
        start(server, token, namespace, directory, "-XX:AOTCacheOutput=" + cache)) {
      operator.awaitReady();
      operator.process.destroy();
      if (!operator.process.waitFor(WRITING.toSeconds(), TimeUnit.SECONDS)
          || !Files.isRegularFile(cache)) {
        throw new IllegalStateException(
            "the operator has written no cache:\n" + LogFile.lastLines(operator.log));
      }
    }
  }

  /**
   * Starts it.
   *
   * @param token of its service account
   * @param namespace that it runs in
   * @param directory for its log and its kubeconfig, and where {@link #train} has left the cache
   */
  static OperatorProcess start(ApiServer server, String token, String namespace, Path directory)
      throws IOException {
    return start(server, token, namespace, directory, "-XX:AOTCache=" + directory.resolve(CACHE));
  }

  private static OperatorProcess start(
      ApiServer server, String token, String namespace, Path directory, String cache)
      throws IOException {
    Path jar = Repository.root().resolve("operator/controller/target/quarkus-app/quarkus-run.jar");
    Path kubeconfig = server.kubeconfig(directory.resolve("kubeconfig"), token, server.url());
    int port = FreePort.next();
    Path log = directory.resolve("operator-" + port + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.add("-XX:MaxRAM=" + MEMORY_MIB + "m");
    command.addAll(options());
    command.add(cache);
    command.addAll(List.of("-jar", jar.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "KUBECONFIG",
                kubeconfig.toString(),
                "HONE_OPERATOR_NAMESPACE",
                namespace,
                "HONE_TRAINER_IMAGE",
                "localhost/hone-trainer:scale",
                "HONE_SERVER_IMAGE",
                "localhost/hone-server:scale",
                "HONE_REPORT_PORT",
                "0",
                "QUARKUS_MANAGEMENT_PORT",
                Integer.toString(port)));
    return new OperatorProcess(builder.start(), port, log);
  }

  /** Java's options in the image, but for its cache, which is good for the image's files alone. */
  private static List<String> options() throws IOException {
    String entrypoint = "ENTRYPOINT ";
    String line =
        Files.readAllLines(Repository.root().resolve("operator/controller/Containerfile")).stream()
            .filter(each -> each.startsWith(entrypoint))
            .findFirst()
            .orElseThrow();
    List<String> words =
        new ObjectMapper()
            .readValue(line.substring(entrypoint.length()), new TypeReference<List<String>>() {});
    return words.subList(1, words.indexOf("-jar")).stream()
        .filter(word -> !word.startsWith("-XX:AOTCache="))
        .toList();
  }

  /** Waits until it is ready; gives the time since its start. */
  Duration awaitReady() throws InterruptedException {
    while (!isReady()) {
      if (!process.isAlive() || Duration.between(started, Instant.now()).compareTo(STARTUP) > 0) {
        throw new IllegalStateException("the operator is not ready:\n" + LogFile.lastLines(log));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return Duration.between(started, Instant.now());
  }

  /**
   * Waits until it has looked at that many resources and nothing waits; gives the time since its
   * start.
   */
  Duration awaitIdle(int resources) throws IOException, InterruptedException {
    while (true) {
      Samples now = metrics();
      if (now.sum("hone_reconcile_duration_seconds_count", _ -> true) >= resources
          && now.sum("hone_reconcile_queue_depth", _ -> true) == 0) {
        return Duration.between(started, Instant.now());
      }
      requireAlive();
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  /** Throws with the last lines that it wrote if it is gone. */
  void requireAlive() {
    if (!process.isAlive()) {
      throw new IllegalStateException("the operator has ended:\n" + LogFile.lastLines(log));
    }
  }

  private boolean isReady() throws InterruptedException {
    try {
      return get("/q/health/ready").statusCode() == 200;
    } catch (IOException _) {
      return false;
    }
  }

  /** Its own metrics, as Prometheus reads them. */
  Samples metrics() throws IOException, InterruptedException {
    return Samples.parse(get("/q/metrics").body());
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path))
            .timeout(Duration.ofSeconds(30))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Resident set in bytes, after a collection, for what could be collected is not needed. */
  long residentBytes() throws IOException, InterruptedException {
    Process collection =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                Long.toString(process.pid()),
                "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    collection.waitFor();
    return status("VmRSS");
  }

  /** Most of the resident set so far, in bytes. */
  long peakBytes() throws IOException {
    return status("VmHWM");
  }

  private long status(String field) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
            .filter(line -> line.startsWith(field + ":"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .findFirst()
            .orElseThrow()
        * 1024;
  }

  /** Processor time so far. */
  Duration processorTime() {
    return process.info().totalCpuDuration().orElseThrow();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    http.close();
  }
}
