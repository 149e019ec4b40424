package dev.hone.testing.apiserver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A real Prometheus on the loopback interface, which can be stopped and goes on with its data. */
public final class PrometheusServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String TARGETS = "targets.json";

  private final Path directory;
  private final Path program;
  private final int port = FreePort.next();
  private @Nullable GuardedProcess process;

  /**
   * Builds it if it is missing; {@link #start} has it run.
   *
   * @param directory where it writes
   */
  public PrometheusServer(Path directory) {
    this.directory = directory;
    this.program = KubeBinaries.directory("prometheus").resolve("prometheus");
    try {
      Files.writeString(
          directory.resolve("prometheus.yml"),
          """
          global: {scrape_interval: 1s, scrape_timeout: 1s}
          scrape_configs:
            - job_name: routers
              file_sd_configs: [{files: [%s], refresh_interval: 1s}]
          """
              .formatted(TARGETS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    scrape(Map.of(), List.of());
  }

  /** Its URL. */
  public URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /**
   * Has it scrape {@code /metrics} of these ports of this machine every second, and no others.
   *
   * @param labels what it adds to their series
   */
  public void scrape(Map<String, String> labels, List<Integer> ports) {
    String targets =
        ports.stream().map("\"127.0.0.1:%d\""::formatted).collect(Collectors.joining(", "));
    String added =
        labels.entrySet().stream()
            .map(label -> "\"%s\": \"%s\"".formatted(label.getKey(), label.getValue()))
            .collect(Collectors.joining(", "));
    try {
      // It reads the file when it changes, and must not find half of it.
      Path whole =
          Files.writeString(
              directory.resolve(TARGETS + ".new"),
              "[{\"targets\": [%s], \"labels\": {%s}}]".formatted(targets, added));
      Files.move(whole, directory.resolve(TARGETS), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it, and waits until it answers queries. */
  public void start() {
    try {
      GuardedProcess started =
          GuardedProcess.start(
              directory,
              program,
              List.of(
                  "--config.file=" + directory.resolve("prometheus.yml"),
                  "--storage.tsdb.path=" + directory.resolve("data"),
                  "--web.listen-address=127.0.0.1:" + port,
                  "--log.level=warn"));
      process = started;
      awaitReady(started);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitReady(GuardedProcess started) {
    await(started, "/-/ready", answer -> true);
  }

  /** Waits until a query has a result. */
  public void await(String promQl) {
    await(
        Objects.requireNonNull(process),
        "/api/v1/query?query=" + URLEncoder.encode(promQl, StandardCharsets.UTF_8),
        answer -> answer.contains("\"metric\""));
  }

  private void await(GuardedProcess running, String path, Predicate<String> wanted) {
    Instant deadline = Instant.now().plus(PATIENCE);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + path)).timeout(Duration.ofSeconds(5)).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (Instant.now().isBefore(deadline)) {
        running.requireAlive();
        try {
          HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
          if (answer.statusCode() == 200 && wanted.test(answer.body())) {
            return;
          }
        } catch (IOException e) {
          // It does not listen yet.
        }
        Thread.sleep(50); // between two looks
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while Prometheus was waited for", e);
    }
    throw new IllegalStateException(
        "Prometheus does not answer %s as it should:\n%s".formatted(path, running.lastLines()));
  }

  /** Ends it as a crash would; {@link #start} goes on with what it has written. */
  public void stop() {
    if (process != null) {
      process.close();
      process = null;
    }
  }

  @Override
  public void close() {
    stop();
  }
}
