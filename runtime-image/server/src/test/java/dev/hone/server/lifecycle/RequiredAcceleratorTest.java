package dev.hone.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.TestModels;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The server where an accelerator is required and there is none. */
@QuarkusTest
@TestProfile(RequiredAcceleratorTest.Required.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects the address.
class RequiredAcceleratorTest {
  @TestHTTPResource("/")
  URI address;

  /** The test models, on an accelerator or not at all. */
  public static final class Required extends TestModels {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> settings = new HashMap<>(super.getConfigOverrides());
      settings.put("hone.require-accelerator", "true");
      // A machine with a GPU and the GPU build would be ready.
      settings.put("hone.providers", "CPU");
      return settings;
    }
  }

  @Test
  void staysAliveAndUnreadyAndSaysWhy() {
    Client client = new Client(address);
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    Answer ready = client.get("/v2/health/ready");
    while (!ready.json().has("error")) {
      assertThat(System.nanoTime()).as("told in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      ready = client.get("/v2/health/ready");
    }
    assertThat(ready.status()).isEqualTo(503);
    assertThat(ready.json().path("ready").asBoolean(true)).isFalse();
    assertThat(ready.error()).contains("must not run on the CPU", "unset HONE_REQUIRE_ACCELERATOR");
    assertThat(client.get("/v2/health/live").status()).isEqualTo(200);
    Answer inference = client.infer("spam", Client.textRequest("w60"));
    assertThat(inference.status()).isEqualTo(503);
    assertThat(inference.error()).isEqualTo(ready.error());
  }
}
