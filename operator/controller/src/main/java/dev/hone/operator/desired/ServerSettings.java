package dev.hone.operator.desired;

import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.Provider;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What {@code spec.engine} and {@code spec.batching} mean for the server: its variables. */
public final class ServerSettings {

  /** The most rows of a run where the spec says nothing, as the API's description has it. */
  public static final int DEFAULT_BATCH = 8;

  private ServerSettings() {}

  /** The variables; none for a spec that leaves everything to the server. */
  public static Map<String, String> of(@Nullable Engine engine, @Nullable Batching batching) {
    Map<String, String> env = new TreeMap<>();
    if (engine != null || batching != null) {
      // An engine is built for as many rows as the server will put together.
      env.putAll(ofBatching(batching));
    }
    if (engine != null && !engine.providers().isEmpty()) {
      env.put(
          "HONE_PROVIDERS",
          engine.providers().stream().map(Provider::text).collect(Collectors.joining(",")));
    }
    if (engine != null && engine.refusesCpu()) {
      env.put("HONE_REQUIRE_ACCELERATOR", "true");
    }
    return env;
  }

  /** How requests are put together, whatever serves them. */
  static Map<String, String> ofBatching(@Nullable Batching batching) {
    Map<String, String> env = new TreeMap<>();
    env.put("HONE_MAX_BATCH", String.valueOf(maxBatch(batching)));
    if (batching != null && !batching.sequenceLengths().isEmpty()) {
      env.put(
          "HONE_SEQUENCE_LENGTHS",
          batching.sequenceLengths().stream()
              .map(String::valueOf)
              .collect(Collectors.joining(",")));
    }
    if (batching != null && batching.maxWaitMillis() != null) {
      env.put("HONE_MAX_WAIT_MILLIS", String.valueOf(batching.maxWaitMillis()));
    }
    return env;
  }

  /** The most rows of a run. */
  public static int maxBatch(@Nullable Batching batching) {
    return batching == null || batching.maxBatchSize() == null
        ? DEFAULT_BATCH
        : batching.maxBatchSize();
  }
}
