package dev.hone.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.RawConnection;
import dev.hone.server.testing.ServerProcess;
import io.grpc.ConnectivityState;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What SIGTERM does to connections, with a request in flight that outlives the drain delay. */
@Timeout(180)
class DrainIT {
  private static final long STEPS = 4_000_000;

  @TempDir Path folder;

  private ServerProcess start() throws Exception {
    ServerProcess server =
        ServerProcess.start(
            folder,
            Map.of(
                "HONE_MODEL_REPOSITORY", Models.REPOSITORY.toString(), "HONE_DRAIN_SECONDS", "1"));
    server.awaitReady();
    return server;
  }

  private static String spin() {
    return """
    {"inputs": [{"name": "n", "shape": [1], "datatype": "INT64", "data": [%d]}]}\
    """
        .formatted(STEPS);
  }

  @Test
  void idleConnectionsAreClosedAndNewOnesServedWhileOneIsInFlight() throws Exception {
    try (ServerProcess server = start();
        RawConnection idle = new RawConnection(server.address());
        RawConnection busy = new RawConnection(server.address())) {
      String before = idle.get("/v2/health/live");
      assertThat(before).contains(" 200 ").doesNotContain("connection: close");
      assertThat(busy.get("/v2")).contains(" 200 ");
      CompletableFuture<Answer> running = server.client().inferAsync("spin", spin());

      server.terminate();
      server.await(() -> server.client().get("/v2/health/ready").status() == 503);
      assertThat(busy.get("/v2")).contains(" 200 ", "connection: close");
      busy.awaitClose();
      try (RawConnection late = new RawConnection(server.address())) {
        assertThat(late.get("/v2/models/spam")).contains(" 200 ", "connection: close");
        late.awaitClose();
      }
      idle.awaitClose();
      assertThat(running).as("the server is still at work").isNotDone();

      assertThat(running.get(120, TimeUnit.SECONDS).data("count")).containsExactly("4000000.0");
      assertThat(server.exitCode()).isZero();
    }
  }

  @Test
  void callsAreToldToGoAndTheOneInFlightIsAnswered() throws Exception {
    try (ServerProcess server = start();
        GrpcClient idle = new GrpcClient(server.grpcPort());
        GrpcClient calls = new GrpcClient(server.grpcPort())) {
      assertThat(idle.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .isTrue();
      assertThat(idle.channel().getState(false)).isEqualTo(ConnectivityState.READY);
      AtomicReference<ConnectivityState> left = new AtomicReference<>(ConnectivityState.READY);
      CountDownLatch told = new CountDownLatch(1);
      idle.channel()
          .notifyWhenStateChanged(
              ConnectivityState.READY,
              () -> {
                left.set(idle.channel().getState(false));
                told.countDown();
              });
      Future<ModelInferResponse> running =
          GRPCInferenceServiceGrpc.newFutureStub(calls.channel())
              .modelInfer(GrpcClient.spin(STEPS));

      server.terminate();
      server.await(() -> server.client().get("/v2/health/ready").status() == 503);
      assertThat(idle.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .as("calls during the drain delay")
          .isTrue();
      assertThat(told.await(60, TimeUnit.SECONDS)).as("GOAWAY").isTrue();
      assertThat(left.get()).isEqualTo(ConnectivityState.IDLE);
      assertThat(running).as("the server is still at work").isNotDone();

      assertThat(running.get(120, TimeUnit.SECONDS).getModelName()).isEqualTo("spin");
      assertThat(server.exitCode()).isZero();
    }
  }
}
