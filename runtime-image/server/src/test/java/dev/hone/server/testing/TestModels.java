package dev.hone.server.testing;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/** The server with the test's models, on free ports, with a small limit on bodies. */
public class TestModels implements QuarkusTestProfile {
  /** The largest body that it takes. */
  public static final int MAX_BODY = 1 << 20;

  @Override
  public Map<String, String> getConfigOverrides() {
    return Map.of(
        "hone.model-repository", Models.REPOSITORY.toString(),
        "hone.max-body", Integer.toString(MAX_BODY),
        // On a slow machine some tests' requests compute for seconds, and later ones would be
        // turned away.
        "hone.max-wait-millis", "60000",
        "hone.drain-seconds", "0",
        "hone.grpc-port", "0",
        "quarkus.http.test-port", "0",
        "quarkus.management.test-port", "0");
  }
}
