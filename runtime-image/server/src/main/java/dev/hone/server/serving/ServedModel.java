package dev.hone.server.serving;

import dev.hone.server.backend.Signature;
import dev.hone.server.batching.BatchRequest;
import dev.hone.server.batching.Batcher;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.metrics.ModelStatistics.Failure;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.ModelMetadata;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestedOutput;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.text.TextEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** One loaded model version. */
public final class ServedModel implements AutoCloseable {
  private final String name;
  private final String version;
  private final Signature signature;
  private final Map<String, Object> parameters;
  private final Optional<TextEncoder> text;
  private final RequestEncoder encoder;
  private final OutputPlan outputs;
  private final Batcher batcher;
  private final ModelStatistics statistics;

  /**
   * Joins the parts of a model version; it takes requests once the batcher is started.
   *
   * @param labels the names of its classes; empty where it classifies nothing
   * @param parameters what its metadata says beyond the protocol
   */
  public ServedModel(
      String name,
      String version,
      Signature signature,
      List<String> labels,
      Optional<TextEncoder> text,
      Map<String, Object> parameters,
      int maxRows,
      Batcher batcher,
      ModelStatistics statistics) {
    this.name = name;
    this.version = version;
    this.signature = signature;
    this.parameters = parameters;
    this.text = text;
    this.encoder = new RequestEncoder(name, signature, text, maxRows);
    this.outputs = new OutputPlan(name, signature, labels);
    this.batcher = batcher;
    this.statistics = statistics;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** Its version. */
  public String version() {
    return version;
  }

  /** What it takes and gives. */
  public Signature signature() {
    return signature;
  }

  /** Whether it takes texts. */
  public boolean takesText() {
    return text.isPresent();
  }

  /** Its metadata. */
  public ModelMetadata metadata(List<String> versions) {
    return new ModelMetadata(
        name, versions, "onnxruntime_onnx", signature.inputs(), outputs.offered(), parameters);
  }

  /**
   * Starts to answer a request.
   *
   * @return the response, or a {@link ProtocolException}; cancel it to give up
   * @throws ProtocolException if the request is refused at once
   */
  public CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    List<RequestedOutput> requested =
        request.outputs().isEmpty() ? outputs.defaults(encoder.isText(request)) : request.outputs();
    BatchRequest work = encoder.encode(request, outputs.needed(requested));
    CompletableFuture<List<Tensor>> computed = batcher.submit(work);
    CompletableFuture<InferenceResponse> response =
        computed.thenApply(
            tensors ->
                new InferenceResponse(
                    request.id(), name, version, outputs.answer(requested, tensors)));
    response.whenComplete(
        (answer, failure) -> {
          if (response.isCancelled()) {
            computed.cancel(false);
          }
        });
    return response;
  }

  /** Counts a request that was answered. */
  public void countSuccess(long nanos) {
    statistics.succeeded(nanos);
  }

  /** Forgets what the warm-up has counted. */
  public void resetStatistics() {
    statistics.reset();
  }

  /** Counts a request that was not answered well. */
  public void countFailure(int status) {
    statistics.failed(
        switch (status) {
          case 503 -> Failure.REJECTED;
          case 499 -> Failure.CANCELED;
          case 500 -> Failure.BACKEND;
          default -> Failure.OTHER;
        });
  }

  @Override
  public void close() {
    batcher.close();
    text.ifPresent(TextEncoder::close);
  }
}
