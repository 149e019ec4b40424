package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ModelInferResponse.InferOutputTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.tracing.Tracing;
import io.grpc.ConnectivityState;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The router over gRPC, before servers of gRPC's own library. */
@Timeout(60)
class GrpcProxyTest {
  @TempDir Path folder;
  @AutoClose private final Running running = new Running();
  private final ControlPki pki;

  GrpcProxyTest() throws Exception {
    pki = new ControlPki();
  }

  /** A version that answers with its name, or with an error. */
  private Backend version(String name, Optional<Status> error) throws Exception {
    return version(ModelInferResponse.newBuilder().setModelName(name).build(), error);
  }

  private Backend version(ModelInferResponse response, Optional<Status> error) throws Exception {
    return version(() -> {}, response, error);
  }

  /** What a version does before it answers. */
  private interface Work {
    void run() throws InterruptedException;
  }

  private Backend version(Work work, ModelInferResponse response, Optional<Status> error)
      throws Exception {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(new HealthStatusManager().getHealthService())
            .addService(
                new GRPCInferenceServiceImplBase() {
                  @Override
                  public void modelInfer(
                      ModelInferRequest request, StreamObserver<ModelInferResponse> answer) {
                    try {
                      work.run();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                    if (error.isPresent()) {
                      answer.onError(error.get().asRuntimeException());
                      return;
                    }
                    answer.onNext(response.toBuilder().setId(request.getId()).build());
                    answer.onCompleted();
                  }
                })
            .build()
            .start();
    running.add(server::shutdownNow);
    URI address = URI.create("http://127.0.0.1:" + server.getPort());
    return new Backend(address, address);
  }

  private GrpcClient through(Backend stable, Backend candidate, int weight) throws Exception {
    return through(stable, candidate, weight, 0);
  }

  private GrpcClient through(Backend stable, Backend candidate, int weight, double share)
      throws Exception {
    Routing routing = new Routing("r", stable, candidate, null, weight, share, 0, 5000, null);
    Path file = Files.write(folder.resolve("routing.json"), routing.document());
    router =
        Router.start(
            AnyPorts.settings(Optional.of(file), Optional.of(pki.write(folder))), Tracing.OFF);
    running.add(router);
    GrpcClient client = new GrpcClient(router.grpcPort());
    running.add(client);
    return client;
  }

  @SuppressWarnings("NullAway.Init") // Set by through.
  private Router router;

  private static ModelInferRequest request(String id) {
    return ModelInferRequest.newBuilder().setModelName("m").setId(id).build();
  }

  @Test
  void handsCallsOn() throws Exception {
    Backend stable = version("stable", Optional.empty());
    GrpcClient client = through(stable, version("candidate", Optional.empty()), 0);
    String id = "7".repeat(100_000);
    ModelInferResponse answer = client.service().modelInfer(request(id));
    assertThat(answer.getModelName()).isEqualTo("stable");
    assertThat(answer.getId()).isEqualTo(id);
    assertThat(
            HealthGrpc.newBlockingStub(client.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void aWatchIsAnsweredAsItGoesOn() throws Exception {
    GrpcClient client =
        through(version("stable", Optional.empty()), version("candidate", Optional.empty()), 100);
    assertThat(
            HealthGrpc.newBlockingStub(client.channel())
                .watch(HealthCheckRequest.getDefaultInstance())
                .next()
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void clientsAreToldToGoAndTheCallInFlightIsAnswered() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    Backend stable =
        version(
            () -> {
              arrived.countDown();
              answered.await();
            },
            ModelInferResponse.newBuilder().setModelName("stable").build(),
            Optional.empty());
    GrpcClient client = through(stable, version("candidate", Optional.empty()), 0);
    Future<ModelInferResponse> call =
        GRPCInferenceServiceGrpc.newFutureStub(client.channel()).modelInfer(request("1"));
    arrived.await();
    CountDownLatch told = new CountDownLatch(1);
    client.channel().notifyWhenStateChanged(ConnectivityState.READY, told::countDown);

    Thread leaving = Thread.ofPlatform().start(router::drain);
    assertThat(told.await(30, TimeUnit.SECONDS)).as("GOAWAY").isTrue();
    assertThat(call).as("the version is still at work").isNotDone();
    answered.countDown();

    assertThat(call.get(30, TimeUnit.SECONDS).getModelName()).isEqualTo("stable");
    leaving.join();
  }

  @Test
  void theCandidateGetsItsShare() throws Exception {
    GrpcClient client =
        through(version("stable", Optional.empty()), version("candidate", Optional.empty()), 100);
    assertThat(client.service().modelInfer(request("1")).getModelName()).isEqualTo("candidate");
  }

  @Test
  void theStableVersionAnswersWhereTheCandidateFails() throws Exception {
    GrpcClient client =
        through(
            version("stable", Optional.empty()),
            version("candidate", Optional.of(Status.INTERNAL)),
            100);
    assertThat(client.service().modelInfer(request("1")).getModelName()).isEqualTo("stable");
  }

  @Test
  void errorsKeepTheirStatusAndWords() throws Exception {
    GrpcClient client =
        through(
            version(
                "stable", Optional.of(Status.INVALID_ARGUMENT.withDescription("no such input"))),
            version("candidate", Optional.empty()),
            0);
    assertThatThrownBy(() -> client.service().modelInfer(request("1")))
        .hasMessage("INVALID_ARGUMENT: no such input");
  }

  private static ModelInferResponse.Builder answer(String name, Datatype datatype) {
    return ModelInferResponse.newBuilder()
        .setModelName(name)
        .addOutputs(
            InferOutputTensor.newBuilder()
                .setName("y")
                .setDatatype(datatype.name())
                .addShape(1)
                .addShape(2));
  }

  private static ModelInferResponse raw(String name, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * 2).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putFloat(values[0]).putFloat(values[1]).flip();
    return answer(name, Datatype.FP32).addRawOutputContents(ByteString.copyFrom(bytes)).build();
  }

  private static ModelInferResponse typed(String name, float... values) {
    ModelInferResponse.Builder answer = answer(name, Datatype.FP32);
    answer
        .getOutputsBuilder(0)
        .getContentsBuilder()
        .addFp32Contents(values[0])
        .addFp32Contents(values[1]);
    return answer.build();
  }

  /** The statistics, once they are as wanted. */
  private JsonNode statistics(Predicate<JsonNode> wanted) throws Exception {
    Client operator = pki.operator(router);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      JsonNode found = operator.get("/statistics").json();
      if (wanted.test(found)) {
        return found;
      }
      assertThat(System.nanoTime()).as(found.toString()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 100})
  void comparesTheAnswersOfBothVersions(int weight) throws Exception {
    GrpcClient client =
        through(
            version(raw("stable", 3, 1), Optional.empty()),
            version(typed("candidate", 3, Float.NaN), Optional.empty()),
            weight,
            1);
    ModelInferResponse answer = client.service().modelInfer(request("1"));
    assertThat(answer.getModelName()).isEqualTo(weight == 0 ? "stable" : "candidate");
    assertThat(answer.getOutputsCount()).isEqualTo(1);
    JsonNode found =
        statistics(counted -> counted.path("comparisons").path("samples").asInt() == 1);
    assertThat(found.path("comparisons").path("nan").asInt()).isEqualTo(1);
    assertThat(found.path("comparisons").path("unlike").asInt()).isZero();
    assertThat(found.at("/comparisons/outputs/y/rows").asInt()).isEqualTo(1);
    assertThat(found.path("shadow").path("requests").asInt()).isEqualTo(weight == 0 ? 1 : 0);
    assertThat(found.path("shadow").path("errors").asInt()).isZero();
  }

  @Test
  void countsACandidateThatFailsACopy() throws Exception {
    GrpcClient client =
        through(
            version(raw("stable", 3, 1), Optional.empty()),
            version("candidate", Optional.of(Status.INVALID_ARGUMENT)),
            0,
            1);
    assertThat(client.service().modelInfer(request("1")).getModelName()).isEqualTo("stable");
    JsonNode found = statistics(counted -> counted.path("shadow").path("requests").asInt() == 1);
    assertThat(found.path("shadow").path("errors").asInt()).isEqualTo(1);
    assertThat(found.path("comparisons").path("samples").asInt()).isZero();
  }

  @Test
  void anAnswerThatHoldsNoOutputsIsUnlike() throws Exception {
    GrpcClient client =
        through(
            version(raw("stable", 3, 1), Optional.empty()),
            version("candidate", Optional.empty()),
            0,
            1);
    client.service().modelInfer(request("1"));
    JsonNode found =
        statistics(counted -> counted.path("comparisons").path("samples").asInt() == 1);
    assertThat(found.path("comparisons").path("lastUnlike").asText())
        .isEqualTo("an answer cannot be read: the answer has no outputs");
  }

  @Test
  void saysThatNothingCanBeReached() throws Exception {
    Backend stable = version("stable", Optional.empty());
    Server gone = NettyServerBuilder.forPort(0).build().start();
    URI nowhere = URI.create("http://127.0.0.1:" + gone.getPort());
    gone.shutdownNow().awaitTermination();
    Routing routing =
        new Routing("r", new Backend(stable.rest(), nowhere), null, null, 0, 0, 0, 5000, null);
    Path file = Files.write(folder.resolve("routing.json"), routing.document());
    try (Router alone =
            Router.start(
                AnyPorts.settings(Optional.of(file), Optional.empty(), 100, 50), Tracing.OFF);
        GrpcClient client = new GrpcClient(alone.grpcPort())) {
      assertThatThrownBy(() -> client.service().modelInfer(request("1")))
          .hasMessageStartingWith("UNAVAILABLE: no connection to a server within ");
    }
  }
}
