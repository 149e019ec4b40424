package dev.hone.operator.progress;

import dev.hone.operator.config.HoneConfig;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;

/** The operator's settings as a test wants them, through the real mapping. */
public final class Settings {
  private Settings() {}

  /** Settings with a free port, and with a name that a test can connect to. */
  public static HoneConfig of(String namespace, Map<String, String> others) {
    return new SmallRyeConfigBuilder()
        .withMapping(HoneConfig.class)
        .withConverter(Duration.class, 300, new DurationConverter())
        .withDefaultValues(
            Map.of(
                "hone.trainer-image", "localhost/hone-trainer:test",
                "hone.server-image", "localhost/hone-server:test",
                "hone.operator-namespace", namespace,
                "hone.report-url", "https://localhost:8443",
                "hone.report.port", "0"))
        .withDefaultValues(others)
        .build()
        .getConfigMapping(HoneConfig.class);
  }
}
