package dev.hone.server.grpc;

import static dev.hone.server.testing.GrpcClient.affine;
import static dev.hone.server.testing.GrpcClient.raw;
import static dev.hone.server.testing.GrpcClient.spin;
import static dev.hone.server.testing.GrpcClient.tensor;
import static dev.hone.server.testing.GrpcClient.typed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.InferParameter;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferRequest.InferRequestedOutputTensor;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ModelMetadataRequest;
import dev.hone.server.grpc.wire.ModelMetadataResponse;
import dev.hone.server.grpc.wire.ModelReadyRequest;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.grpc.wire.ServerMetadataRequest;
import dev.hone.server.grpc.wire.ServerReadyRequest;
import dev.hone.server.testing.BinaryClient;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.TestModels;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server in this process, over gRPC, with real models. */
@QuarkusTest
@TestProfile(TestModels.class)
@SuppressWarnings("NullAway.Init") // Quarkus injects what is not set here.
class GrpcTest {
  private static final long A_WHILE = 2_000_000;
  private static final long FOR_LONG = 500 * A_WHILE;

  @Inject GrpcServer server;

  @TestHTTPResource(value = "/metrics", management = true)
  URI metrics;

  private GrpcClient client;

  @BeforeEach
  void awaitReady() {
    client = new GrpcClient(server.port());
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!client.service().serverReady(ServerReadyRequest.getDefaultInstance()).getReady()) {
      assertThat(System.nanoTime()).as("ready in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  @AfterEach
  void close() {
    client.close();
  }

  @Test
  void saysWhatItIsAndHas() {
    assertThat(client.service().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
        .isTrue();
    var metadata = client.service().serverMetadata(ServerMetadataRequest.getDefaultInstance());
    assertThat(metadata.getName()).isEqualTo("hone-server");
    assertThat(metadata.getExtensionsList()).contains("classification", "binary_tensor_data");

    ModelMetadataResponse model =
        client.service().modelMetadata(ModelMetadataRequest.newBuilder().setName("affine").build());
    assertThat(model.getVersionsList()).containsExactly("1", "2");
    assertThat(model.getPlatform()).isEqualTo("onnxruntime_onnx");
    assertThat(model.getInputs(0).getName()).isEqualTo("x");
    assertThat(model.getInputs(0).getDatatype()).isEqualTo("FP32");
    assertThat(model.getInputs(0).getShapeList()).containsExactly(-1L, 3L);
    assertThat(model.getPropertiesMap()).containsEntry("provider", "CPUExecutionProvider");
    assertThat(
            client
                .service()
                .modelReady(
                    ModelReadyRequest.newBuilder().setName("affine").setVersion("1").build())
                .getReady())
        .isTrue();
  }

  @Test
  void answersRawInputsAndTheVersionThatIsAskedFor() {
    ModelInferResponse response = client.service().modelInfer(affine(1, 2, 3).setId("q-1").build());

    assertThat(response.getId()).isEqualTo("q-1");
    assertThat(response.getModelVersion()).isEqualTo("1");
    assertThat(response.getOutputs(0).getShapeList()).containsExactly(1L, 3L);
    assertThat(raw(response, "y").getFloat(8)).isEqualTo(7);
    ModelInferResponse newest =
        client.service().modelInfer(affine(1, 2, 3).clearModelVersion().build());
    assertThat(newest.getModelVersion()).isEqualTo("2");
    assertThat(raw(newest, "y").getFloat(8)).isEqualTo(9);
  }

  @Test
  void takesAndGivesTypedContents() {
    ModelInferRequest request =
        ModelInferRequest.newBuilder()
            .setModelName("affine")
            .setModelVersion("1")
            .putParameters(
                "binary_data_output", InferParameter.newBuilder().setBoolParam(false).build())
            .putParameters("trace", InferParameter.newBuilder().setStringParam("t-1").build())
            .addInputs(
                tensor("x", "FP32", 1, 3)
                    .setContents(
                        InferTensorContents.newBuilder()
                            .addFp32Contents(1)
                            .addFp32Contents(2)
                            .addFp32Contents(3)))
            .build();
    ModelInferResponse response = client.service().modelInfer(request);

    assertThat(response.getRawOutputContentsCount()).isZero();
    assertThat(response.getOutputs(0).getContents().getFp32ContentsList())
        .containsExactly(3f, 5f, 7f);
    assertThat(response.getParametersMap()).containsOnlyKeys("trace");
  }

  @Test
  void passesEveryTypedDatatypeThrough() {
    InferTensorContents.Builder none = InferTensorContents.newBuilder();
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder()
            .setModelName("types")
            .addInputs(
                tensor("in_bool", "BOOL", 1, 2)
                    .setContents(none.clone().addBoolContents(true).addBoolContents(false)))
            .addInputs(
                tensor("in_uint8", "UINT8", 1, 2)
                    .setContents(none.clone().addUintContents(0).addUintContents(255)))
            .addInputs(
                tensor("in_int8", "INT8", 1, 2)
                    .setContents(none.clone().addIntContents(-128).addIntContents(127)))
            .addInputs(
                tensor("in_int16", "INT16", 1, 2)
                    .setContents(none.clone().addIntContents(-32768).addIntContents(32767)))
            .addInputs(
                tensor("in_int32", "INT32", 1, 2)
                    .setContents(
                        none.clone()
                            .addIntContents(Integer.MIN_VALUE)
                            .addIntContents(Integer.MAX_VALUE)))
            .addInputs(
                tensor("in_int64", "INT64", 1, 2)
                    .setContents(
                        none.clone()
                            .addInt64Contents(Long.MIN_VALUE)
                            .addInt64Contents(Long.MAX_VALUE)))
            .addInputs(
                tensor("in_fp32", "FP32", 1, 2)
                    .setContents(none.clone().addFp32Contents(1.5f).addFp32Contents(Float.NaN)))
            .addInputs(
                tensor("in_fp64", "FP64", 1, 2)
                    .setContents(none.clone().addFp64Contents(0.1).addFp64Contents(1e300)))
            .addInputs(
                tensor("in_bytes", "BYTES", 1, 2)
                    .setContents(
                        none.clone()
                            .addBytesContents(ByteString.copyFromUtf8(""))
                            .addBytesContents(ByteString.copyFromUtf8("grün"))));
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () -> client.service().modelInfer(request.build()),
        "lacks input 'in_fp16'");
    request.addInputs(tensor("in_fp16", "FP16", 1, 2).setContents(none));
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () -> client.service().modelInfer(request.build()),
        "send raw_input_contents");
    request.removeInputs(request.getInputsCount() - 1);
    // FP32 to FP16 is no lossless cast, so what has no typed field has to travel raw.
    ModelInferRequest.Builder raws = ModelInferRequest.newBuilder().setModelName("types");
    for (var input : request.getInputsList()) {
      raws.addInputs(input.toBuilder().clearContents());
      raws.addRawInputContents(rawBytes(input));
    }
    raws.addInputs(tensor("in_fp16", "FP16", 1, 2))
        .addRawInputContents(ByteString.copyFrom(new byte[] {0, 0x38, 0, 0x3C}));
    ModelInferResponse response = client.service().modelInfer(raws.build());

    assertThat(raw(response, "out_fp16").getShort(2)).isEqualTo((short) 0x3C00);
    assertThat(raw(response, "out_int64").getLong(8)).isEqualTo(Long.MAX_VALUE);
    assertThat(raw(response, "out_fp32").getFloat(4)).isNaN();
    assertThat(raw(response, "out_bytes").getInt(4)).isEqualTo(5);
  }

  private static ByteString rawBytes(ModelInferRequest.InferInputTensor input) {
    var shape = dev.hone.server.protocol.Shape.of(1, 2);
    var datatype = dev.hone.server.protocol.Datatype.valueOf(input.getDatatype());
    return ByteString.copyFrom(
        dev.hone.server.protocol.RawTensor.encode(
            TypedContents.read(input.getName(), datatype, shape, input.getContents())));
  }

  @Test
  void classifiesTexts() {
    ModelInferRequest request =
        typed(
                "spam",
                "text",
                "BYTES",
                InferTensorContents.newBuilder()
                    .addBytesContents(ByteString.copyFromUtf8("w60"))
                    .build(),
                1)
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("label"))
            .addOutputs(
                InferRequestedOutputTensor.newBuilder()
                    .setName("logits")
                    .putParameters(
                        "classification", InferParameter.newBuilder().setInt64Param(1).build()))
            .build();
    ModelInferResponse response = client.service().modelInfer(request);

    assertThat(raw(response, "label"))
        .isEqualTo(
            java.nio.ByteBuffer.wrap(
                BinaryClient.strings("spam".getBytes(java.nio.charset.StandardCharsets.UTF_8))));
    assertThat(response.getRawOutputContents(1).substring(4).toStringUtf8())
        .isEqualTo("3.0:1:spam");
  }

  @Test
  void refusesWithTritonsCodes() {
    assertThatCode(
        Status.Code.NOT_FOUND,
        () -> client.service().modelInfer(affine(1, 2, 3).setModelName("nope").build()),
        "Request for unknown model: 'nope' is not found");
    assertThatCode(
        Status.Code.NOT_FOUND,
        () -> client.service().modelInfer(affine(1, 2, 3).setModelVersion("7").build()),
        "has no version 7");
    assertThatCode(
        Status.Code.NOT_FOUND,
        () -> client.service().modelReady(ModelReadyRequest.newBuilder().setName("nope").build()),
        "unknown model");
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () -> client.service().modelInfer(affine(1, 2, 3).clearRawInputContents().build()),
        "needs 3 elements, but the contents of that type have 0");
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client
                .service()
                .modelInfer(affine(1, 2, 3).addRawInputContents(ByteString.EMPTY).build()),
        "1 inputs and 2 raw_input_contents");
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client
                .service()
                .modelInfer(affine(1, 2, 3).setInputs(0, tensor("x", "FP32", -1, 3)).build()),
        "holds -1: every dimension");
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client
                .service()
                .modelInfer(
                    typed(
                            "types",
                            "in_int8",
                            "INT8",
                            InferTensorContents.newBuilder().addIntContents(300).build(),
                            1)
                        .build()),
        "holds 300 in element 0, which does not fit INT8");
    assertThatCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client
                .service()
                .modelInfer(ModelInferRequest.newBuilder().setModelName("affine").build()),
        "the request has no inputs");
  }

  @Test
  void refusesMessagesThatAreTooLarge() {
    ModelInferRequest large =
        affine(1, 2, 3)
            .setRawInputContents(0, ByteString.copyFrom(new byte[TestModels.MAX_BODY + 1]))
            .build();
    assertThatCode(
        Status.Code.RESOURCE_EXHAUSTED, () -> client.service().modelInfer(large), "maximum");
  }

  @Test
  void honoursTimeoutsAndDeadlines() {
    var longOne =
        GRPCInferenceServiceGrpc.newFutureStub(client.channel()).modelInfer(spin(A_WHILE));
    ModelInferRequest hasty =
        spin(1).toBuilder()
            .putParameters("timeout", InferParameter.newBuilder().setInt64Param(1).build())
            .build();
    assertThatCode(
        Status.Code.DEADLINE_EXCEEDED,
        () -> client.service().modelInfer(hasty),
        "the request's deadline passed");
    assertThatCode(
        Status.Code.DEADLINE_EXCEEDED,
        () ->
            client.service().withDeadlineAfter(1, TimeUnit.MILLISECONDS).modelInfer(spin(A_WHILE)),
        "");
    longOne.cancel(true);
  }

  @Test
  void forgetsWhatIsCancelled() {
    var future = GRPCInferenceServiceGrpc.newFutureStub(client.channel());
    double before = cancelled();
    // Nothing of the tests before is computed any more.
    assertThat(client.service().modelInfer(spin(1)).getOutputsCount()).isEqualTo(1);
    var running = startOneThatOthersWaitFor(future);
    var waiting = future.modelInfer(spin(FOR_LONG));
    client.service().serverLive(ServerLiveRequest.getDefaultInstance());
    waiting.cancel(true);
    running.cancel(true);

    // It would count for minutes if it were not forgotten.
    assertThat(client.service().modelInfer(spin(1)).getOutputsCount()).isEqualTo(1);
    assertThat(cancelled()).isGreaterThan(before);
  }

  /** Requests that are sent at once may overtake one another: gives one that is there already. */
  private ListenableFuture<ModelInferResponse> startOneThatOthersWaitFor(
      GRPCInferenceServiceGrpc.GRPCInferenceServiceFutureStub future) {
    while (true) {
      ListenableFuture<ModelInferResponse> running = future.modelInfer(spin(A_WHILE));
      while (!running.isDone()) {
        ListenableFuture<ModelInferResponse> next = future.modelInfer(spin(1));
        while (!next.isDone()) {
          if (sum("nv_inference_pending_request_count{model=\"spin\",version=\"1\"} ") > 0) {
            return running;
          }
        }
      }
    }
  }

  private double cancelled() {
    return sum("nv_inference_request_failure{model=\"spin\",version=\"1\",reason=\"CANCELED\"} ");
  }

  private double sum(String sample) {
    return new Client(metrics)
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(sample))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length())))
        .sum();
  }

  @Test
  void tellsItsHealth() {
    var health =
        HealthGrpc.newBlockingStub(client.channel()).withDeadlineAfter(60, TimeUnit.SECONDS);
    for (String service : new String[] {"", "inference.GRPCInferenceService", "spam"}) {
      assertThat(
              health.check(HealthCheckRequest.newBuilder().setService(service).build()).getStatus())
          .as(service)
          .isEqualTo(ServingStatus.SERVING);
    }
    assertThatCode(
        Status.Code.NOT_FOUND,
        () -> health.check(HealthCheckRequest.newBuilder().setService("nope").build()),
        "");
  }

  private static void assertThatCode(Status.Code code, ThrowingCallable call, String sentence) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            failure -> {
              assertThat(failure.getStatus().getCode()).as(failure.toString()).isEqualTo(code);
              assertThat(failure.getMessage()).contains(sentence);
            });
  }
}
