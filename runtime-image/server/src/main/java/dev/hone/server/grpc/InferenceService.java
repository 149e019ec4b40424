package dev.hone.server.grpc;

import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ModelMetadataRequest;
import dev.hone.server.grpc.wire.ModelMetadataResponse;
import dev.hone.server.grpc.wire.ModelReadyRequest;
import dev.hone.server.grpc.wire.ModelReadyResponse;
import dev.hone.server.grpc.wire.ModelStatisticsRequest;
import dev.hone.server.grpc.wire.ModelStatisticsResponse;
import dev.hone.server.grpc.wire.RepositoryIndexRequest;
import dev.hone.server.grpc.wire.RepositoryIndexResponse;
import dev.hone.server.grpc.wire.RepositoryModelLoadRequest;
import dev.hone.server.grpc.wire.RepositoryModelLoadResponse;
import dev.hone.server.grpc.wire.RepositoryModelUnloadRequest;
import dev.hone.server.grpc.wire.RepositoryModelUnloadResponse;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import dev.hone.server.grpc.wire.ServerLiveResponse;
import dev.hone.server.grpc.wire.ServerMetadataRequest;
import dev.hone.server.grpc.wire.ServerMetadataResponse;
import dev.hone.server.grpc.wire.ServerReadyRequest;
import dev.hone.server.grpc.wire.ServerReadyResponse;
import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.ModelMetadata;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.serving.ModelControl;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import dev.hone.server.serving.ServerInfo;
import dev.hone.server.tracing.RequestSpan;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The Open Inference Protocol's service. */
final class InferenceService extends GRPCInferenceServiceImplBase {
  private final ModelRegistry registry;
  private final ModelControl control;
  private final ServerInfo info;
  private final Executor executor;

  /** Serves that registry's models; answers are made in that executor. */
  InferenceService(
      ModelRegistry registry, ModelControl control, ServerInfo info, Executor executor) {
    this.registry = registry;
    this.control = control;
    this.info = info;
    this.executor = executor;
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> caller) {
    answer(caller, () -> ServerLiveResponse.newBuilder().setLive(true).build());
  }

  @Override
  public void serverReady(ServerReadyRequest request, StreamObserver<ServerReadyResponse> caller) {
    answer(caller, () -> ServerReadyResponse.newBuilder().setReady(registry.ready()).build());
  }

  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> caller) {
    answer(
        caller,
        () ->
            ModelReadyResponse.newBuilder()
                .setReady(registry.serves(request.getName(), version(request.getVersion())))
                .build());
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> caller) {
    answer(
        caller,
        () ->
            ServerMetadataResponse.newBuilder()
                .setName(info.name())
                .setVersion(info.version())
                .addAllExtensions(info.extensions())
                .build());
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> caller) {
    answer(
        caller,
        () -> metadata(registry.metadata(request.getName(), version(request.getVersion()))));
  }

  private static ModelMetadataResponse metadata(ModelMetadata model) {
    ModelMetadataResponse.Builder message =
        ModelMetadataResponse.newBuilder()
            .setName(model.name())
            .addAllVersions(model.versions())
            .setPlatform(model.platform())
            .addAllInputs(tensors(model.inputs()))
            .addAllOutputs(tensors(model.outputs()));
    model.parameters().forEach((name, value) -> message.putProperties(name, value.toString()));
    return message.build();
  }

  private static List<ModelMetadataResponse.TensorMetadata> tensors(List<TensorMetadata> tensors) {
    return tensors.stream()
        .map(
            tensor -> {
              var message =
                  ModelMetadataResponse.TensorMetadata.newBuilder()
                      .setName(tensor.name())
                      .setDatatype(tensor.datatype().name());
              for (long dim : tensor.shape().toArray()) {
                message.addShape(dim);
              }
              return message.build();
            })
        .toList();
  }

  @Override
  public void modelStatistics(
      ModelStatisticsRequest request, StreamObserver<ModelStatisticsResponse> caller) {
    answer(
        caller,
        () ->
            RepositoryMessages.statistics(
                registry.statistics(version(request.getName()), version(request.getVersion()))));
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> caller) {
    answer(caller, () -> RepositoryMessages.index(control.index(request.getReady())));
  }

  @Override
  public void repositoryModelLoad(
      RepositoryModelLoadRequest request, StreamObserver<RepositoryModelLoadResponse> caller) {
    answer(
        caller,
        () -> {
          control.load(request.getModelName(), request.getParametersMap().keySet());
          return RepositoryModelLoadResponse.getDefaultInstance();
        });
  }

  @Override
  public void repositoryModelUnload(
      RepositoryModelUnloadRequest request, StreamObserver<RepositoryModelUnloadResponse> caller) {
    answer(
        caller,
        () -> {
          control.unload(request.getModelName(), request.getParametersMap().keySet());
          return RepositoryModelUnloadResponse.getDefaultInstance();
        });
  }

  @Override
  public void modelInfer(ModelInferRequest message, StreamObserver<ModelInferResponse> caller) {
    long started = System.nanoTime();
    RequestSpan span = TraceInterceptor.SPAN.get();
    ServedModel model;
    try {
      model = registry.find(message.getModelName(), version(message.getModelVersion()));
    } catch (ProtocolException e) {
      caller.onError(Statuses.of(e));
      return;
    }
    span.model(model.name(), model.version());
    try {
      InferenceRequest request = InferMessages.read(message);
      if (span.isRecording()) {
        span.decoded(started, System.nanoTime());
      }
      CompletableFuture<InferenceResponse> answer = model.infer(request, deadline(request), span);
      ((ServerCallStreamObserver<ModelInferResponse>) caller)
          .setOnCancelHandler(() -> answer.cancel(false));
      answer.whenCompleteAsync(
          (response, failure) -> finish(caller, model, request, response, failure, started, span),
          executor);
    } catch (RuntimeException e) {
      fail(caller, model, e, started);
    }
  }

  /** The sooner of the call's deadline and the request's own timeout. */
  private static Deadline deadline(InferenceRequest request) {
    io.grpc.@Nullable Deadline call = Context.current().getDeadline();
    Duration timeout = request.timeout().orElse(null);
    if (call == null) {
      return timeout == null ? Deadline.NONE : Deadline.after(timeout);
    }
    Duration left = Duration.ofNanos(call.timeRemaining(TimeUnit.NANOSECONDS));
    return Deadline.after(timeout != null && timeout.compareTo(left) < 0 ? timeout : left);
  }

  private static void finish(
      StreamObserver<ModelInferResponse> caller,
      ServedModel model,
      InferenceRequest request,
      @Nullable InferenceResponse response,
      @Nullable Throwable failure,
      long started,
      RequestSpan span) {
    if (response == null) {
      fail(
          caller,
          model,
          failure == null ? new IllegalStateException("no answer") : failure,
          started);
      return;
    }
    try {
      long computed = span.isRecording() ? System.nanoTime() : 0;
      caller.onNext(InferMessages.write(request, response));
      if (span.isRecording()) {
        span.encoded(computed, System.nanoTime());
      }
      caller.onCompleted();
      model.countSuccess(System.nanoTime() - started);
    } catch (RuntimeException e) {
      fail(caller, model, e, started);
    }
  }

  private static void fail(
      StreamObserver<ModelInferResponse> caller,
      ServedModel model,
      Throwable failure,
      long started) {
    boolean gone = ((ServerCallStreamObserver<ModelInferResponse>) caller).isCancelled();
    model.countFailure(gone ? 499 : Statuses.http(failure), System.nanoTime() - started);
    if (!gone) {
      caller.onError(Statuses.of(failure));
    }
  }

  private static <T> void answer(StreamObserver<T> caller, Supplier<T> message) {
    T answer;
    try {
      answer = message.get();
    } catch (RuntimeException e) {
      caller.onError(Statuses.of(e));
      return;
    }
    caller.onNext(answer);
    caller.onCompleted();
  }

  /** gRPC has no null: the empty version is the newest, or any. */
  private static @Nullable String version(String version) {
    return version.isEmpty() ? null : version;
  }
}
