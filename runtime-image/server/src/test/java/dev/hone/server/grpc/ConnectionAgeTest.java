package dev.hone.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.TestModels;
import io.grpc.ConnectivityState;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An old connection is given up without a call being lost. */
@QuarkusTest
@TestProfile(ConnectionAgeTest.OfASecond.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class ConnectionAgeTest {
  @Inject GrpcServer server;

  @Test
  void anIdleConnectionGoesAndCallsGoOnOverAnother() throws Exception {
    try (GrpcClient client = new GrpcClient(server.port())) {
      assertThat(isLive(client)).isTrue();
      CountDownLatch gone = new CountDownLatch(1);
      client.channel().notifyWhenStateChanged(ConnectivityState.READY, gone::countDown);

      assertThat(gone.await(30, TimeUnit.SECONDS)).as("GOAWAY").isTrue();
      assertThat(client.channel().getState(false)).isEqualTo(ConnectivityState.IDLE);
      assertThat(isLive(client)).isTrue();
    }
  }

  private static boolean isLive(GrpcClient client) {
    return client.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive();
  }

  /** Connections grow old at once. */
  public static final class OfASecond extends TestModels {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> overrides = new HashMap<>(super.getConfigOverrides());
      overrides.put("hone.grpc-max-connection-age-seconds", "1");
      return overrides;
    }
  }
}
