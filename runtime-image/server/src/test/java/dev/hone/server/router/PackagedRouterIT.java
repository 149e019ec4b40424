package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.testing.Client;
import dev.hone.server.testing.ServerProcess;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged program as a router, in a process of its own. */
@Timeout(120)
class PackagedRouterIT {
  private static final Pattern PORTS =
      Pattern.compile(
          "REST on port (\\d+), gRPC on \\d+, administration on (\\d+), control on (\\d+)");

  @TempDir Path folder;
  private final ControlPki pki;

  PackagedRouterIT() throws Exception {
    pki = new ControlPki();
  }

  private Process start(Path log, String httpPort) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                System.getProperty("hone.server.jar")));
    builder.environment().put("HONE_MODE", "router");
    builder.environment().put("HONE_HTTP_PORT", httpPort);
    builder.environment().put("HONE_GRPC_PORT", "0");
    builder.environment().put("HONE_ADMIN_PORT", "0");
    builder.environment().put("HONE_CONTROL_PORT", "0");
    builder.environment().put("HONE_ROUTER_TLS", pki.write(folder).toString());
    builder.environment().put("HONE_DRAIN_SECONDS", "0");
    return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  @Test
  void servesUntilSigterm() throws Exception {
    Path log = folder.resolve("router.log");
    Process process = start(log, "0");
    try {
      Matcher ports = PORTS.matcher("");
      while (!ports.reset(Files.readString(log)).find()) {
        assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
      Client admin = new Client(URI.create("http://127.0.0.1:" + ports.group(2)));
      assertThat(admin.get("/health/live").status()).isEqualTo(200);
      assertThat(admin.get("/health/ready").body()).isEqualTo("no configuration yet\n");
      Client client = new Client(URI.create("http://127.0.0.1:" + ports.group(1)));
      assertThat(client.infer("m", "{}").error()).isEqualTo("the router has no configuration yet");
      assertThat(pki.operator(Integer.parseInt(ports.group(3))).get("/configuration").error())
          .isEqualTo("there is no configuration yet");
      assertThat(ServerProcess.waitsByEpoll(process)).isTrue();
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(Files.readString(log)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void saysWhichSettingIsWrong() throws Exception {
    Path log = folder.resolve("router.log");
    Process process = start(log, "eight thousand");
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(64);
      assertThat(log)
          .content()
          .contains("HONE_HTTP_PORT is 'eight thousand': write a whole number from 0 to 65535");
    } finally {
      process.destroyForcibly();
    }
  }
}
