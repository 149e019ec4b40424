package dev.hone.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The packaged server in a process of its own. */
public final class ServerProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  // It chooses its ports itself: one that is free now may be taken when it starts.
  private static final Pattern GRPC_PORT = Pattern.compile("gRPC on port (\\d+)");
  private static final Pattern HTTP_PORT = Pattern.compile("Listening on: (https?)://\\S+:(\\d+)");
  private static final Pattern METRICS_PORT =
      Pattern.compile("Management interface listening on http://\\S+:(\\d+)");

  private final Process process;
  private final Path log;
  private final Path terminationLog;
  private @Nullable Client client;
  private @Nullable Client management;

  private ServerProcess(Process process, Path log, Path terminationLog) {
    this.process = process;
    this.log = log;
    this.terminationLog = terminationLog;
  }

  /** Starts a server that writes below that folder. */
  public static ServerProcess start(
      Path folder, Map<String, String> environment, String... arguments) throws IOException {
    Path log = folder.resolve("server.log");
    Path terminationLog = Files.createFile(folder.resolve("termination-log"));
    ProcessBuilder builder =
        new ProcessBuilder(
            Stream.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Dquarkus.http.port=0",
                    "-Dquarkus.management.port=0",
                    "-jar",
                    System.getProperty("hone.server.jar"))
                .collect(Collectors.toCollection(ArrayList::new)));
    builder.command().addAll(List.of(arguments));
    builder.environment().put("HONE_GRPC_PORT", "0");
    builder.environment().putAll(environment);
    builder.environment().put("HONE_TERMINATION_LOG", terminationLog.toString());
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    return new ServerProcess(builder.start(), log, terminationLog);
  }

  /** A client of its protocol port. */
  public Client client() {
    if (client == null) {
      client = new Client(address());
    }
    return client;
  }

  /** Where its protocol port is. */
  public URI address() {
    Matcher found = find(HTTP_PORT);
    return URI.create(found.group(1) + "://localhost:" + found.group(2));
  }

  /** The port of gRPC. */
  public int grpcPort() {
    return port(GRPC_PORT);
  }

  /** Waits until the server says which port it took. */
  private int port(Pattern line) {
    return Integer.parseInt(find(line).group(1));
  }

  private Matcher find(Pattern line) {
    await(() -> line.matcher(log()).find());
    Matcher found = line.matcher(log());
    assertThat(found.find()).isTrue();
    return found;
  }

  /** A client of its management port, which has no TLS and wants no key. */
  public Client management() {
    if (management == null) {
      management = new Client(URI.create("http://localhost:" + port(METRICS_PORT)));
    }
    return management;
  }

  /** The sum of a metric's samples of one model. */
  public double metric(String name, String model) {
    return management()
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{model=\"" + model + "\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Waits for the server to be ready. */
  public void awaitReady() {
    await(() -> management().get("/v2/health/ready").status() == 200);
  }

  /** Waits for a condition; no connection means not yet. */
  public void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!holds(condition)) {
      assertThat(process.isAlive()).as(log()).isTrue();
      assertThat(System.nanoTime()).as(log()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private static boolean holds(BooleanSupplier condition) {
    try {
      return condition.getAsBoolean();
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** Sends SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  /** Waits for the process to end. */
  public int exitCode() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(log()).isTrue();
    return process.exitValue();
  }

  /** What it has written so far. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a process waits for its sockets by the kernel's epoll, without the JDK's selectors. */
  public static boolean waitsByEpoll(Process process) throws IOException {
    return Files.readString(Path.of("/proc/" + process.pid() + "/maps"))
        .contains("netty_transport_native_epoll");
  }

  /** Whether it does. */
  public boolean waitsByEpoll() throws IOException {
    return waitsByEpoll(process);
  }

  /** The file that Kubernetes would read. */
  public Path terminationLog() {
    return terminationLog;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
