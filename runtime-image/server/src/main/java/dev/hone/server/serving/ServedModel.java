package dev.hone.server.serving;

import dev.hone.server.backend.Signature;
import dev.hone.server.batching.BatchRequest;
import dev.hone.server.batching.Batcher;
import dev.hone.server.batching.Padding;
import dev.hone.server.inference.Deadline;
import dev.hone.server.metrics.BatchStatistics;
import dev.hone.server.metrics.MeteredModel;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.metrics.ModelStatistics.Failure;
import dev.hone.server.metrics.Total;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.ModelMetadata;
import dev.hone.server.protocol.ModelStats;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestedOutput;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.tracing.RequestSpan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** One loaded model version. */
public final class ServedModel implements AutoCloseable {
  private final String name;
  private final String version;
  private final Signature signature;
  private final Map<String, Object> parameters;
  private final Optional<Preprocessor> preprocessor;
  private final RequestEncoder encoder;
  private final RawInput raw;
  private final OutputPlan outputs;
  private final Batcher batcher;
  private final MeteredModel metered;
  private final ModelStatistics statistics;

  /**
   * Joins the parts of a model version; it takes requests once the batcher is started.
   *
   * @param labels the names of its classes; empty where it classifies nothing
   * @param preprocessor what makes its tensors of an input that people have at hand
   * @param parameters what its metadata says beyond the protocol
   * @param padding how its requests of different lengths share a run
   * @param maxRows the most rows in one request
   * @param metered what is published of it
   */
  public ServedModel(
      String name,
      String version,
      Signature signature,
      List<String> labels,
      Optional<Preprocessor> preprocessor,
      Map<String, Object> parameters,
      Padding padding,
      int maxRows,
      Batcher batcher,
      MeteredModel metered) {
    this.name = name;
    this.version = version;
    this.signature = signature;
    this.parameters = parameters;
    this.preprocessor = preprocessor;
    this.encoder = new RequestEncoder(name, signature, preprocessor, padding, maxRows);
    this.raw = new RawInput(name, encoder.shortest());
    this.outputs = new OutputPlan(name, signature, labels);
    this.batcher = batcher;
    this.metered = metered;
    this.statistics = metered.statistics();
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

  /** What makes its tensors of an input that people have at hand, if anything does. */
  public Optional<Preprocessor> preprocessor() {
    return preprocessor;
  }

  /** Whether even a short request may take long to read. */
  public boolean slowToRead() {
    return preprocessor.isPresent() && preprocessor.get().slow();
  }

  /** Its metadata. */
  public ModelMetadata metadata(List<String> versions) {
    return new ModelMetadata(
        name, versions, "onnxruntime_onnx", signature.inputs(), outputs.offered(), parameters);
  }

  /**
   * The request that is nothing but its only input's bytes.
   *
   * @throws ProtocolException with status 400 if the model has several inputs, or the bytes do not
   *     fit
   */
  public InferenceRequest rawRequest(byte[] body) {
    return raw.read(body);
  }

  /**
   * Starts to answer a request; any thread may call it, and it throws nothing.
   *
   * @param span is told what it goes through
   * @return the response, or a {@link ProtocolException}, which is an {@link
   *     dev.hone.server.inference.InferenceException} where the engine refuses it. It is completed
   *     by the model's worker, which must not be kept: a front end goes on in a thread of its own,
   *     and counts what it has answered. Cancel it to give up.
   */
  public CompletableFuture<InferenceResponse> infer(
      InferenceRequest request, Deadline deadline, RequestSpan span) {
    try {
      return start(request, deadline, span);
    } catch (RuntimeException refused) {
      return CompletableFuture.failedFuture(refused);
    }
  }

  private CompletableFuture<InferenceResponse> start(
      InferenceRequest request, Deadline deadline, RequestSpan span) {
    List<RequestedOutput> requested =
        request.outputs().isEmpty()
            ? outputs.defaults(encoder.preprocessor(request).isPresent())
            : request.outputs();
    BatchRequest work =
        encoder.encode(request, outputs.needed(requested)).until(deadline).traced(span);
    span.rows(work.rows());
    CompletableFuture<List<Tensor>> computed = batcher.submit(work);
    CompletableFuture<InferenceResponse> response = new CompletableFuture<>();
    computed.whenComplete(
        (tensors, failure) -> {
          if (failure == null) {
            complete(response, request, requested, tensors);
          } else {
            response.completeExceptionally(failure);
          }
        });
    response.whenComplete(
        (answer, failure) -> {
          if (response.isCancelled()) {
            computed.cancel(false);
          }
        });
    return response;
  }

  private void complete(
      CompletableFuture<InferenceResponse> response,
      InferenceRequest request,
      List<RequestedOutput> requested,
      List<Tensor> computed) {
    try {
      response.complete(
          new InferenceResponse(
              request.id(), name, version, request.echoed(), outputs.answer(requested, computed)));
    } catch (RuntimeException failure) {
      response.completeExceptionally(failure);
    }
  }

  /**
   * Counts a request that was answered.
   *
   * @param nanos from its arrival to its answer
   */
  public void countSuccess(long nanos) {
    statistics.succeeded(nanos);
  }

  /** What is published of it. */
  public MeteredModel metered() {
    return metered;
  }

  /** What it has done. */
  public ModelStats stats() {
    Map<String, ModelStats.Timing> requests = new LinkedHashMap<>();
    requests.put("success", timing(statistics.success()));
    requests.put("fail", timing(statistics.failure()));
    requests.put("queue", timing(statistics.queue()));
    requests.putAll(parts(statistics.compute()));
    // It has no cache, and Triton says so by zeros.
    requests.put("cache_hit", new ModelStats.Timing(0, 0));
    requests.put("cache_miss", new ModelStats.Timing(0, 0));
    SortedMap<Integer, Map<String, ModelStats.Timing>> batches = new TreeMap<>();
    statistics.batches().forEach((rows, batch) -> batches.put(rows, parts(batch)));
    return new ModelStats(
        name,
        version,
        statistics.lastInference(),
        statistics.rows(),
        statistics.executions(),
        requests,
        batches);
  }

  private static Map<String, ModelStats.Timing> parts(BatchStatistics compute) {
    Map<String, ModelStats.Timing> parts = new LinkedHashMap<>();
    parts.put("compute_input", timing(compute.computeInput()));
    parts.put("compute_infer", timing(compute.computeInfer()));
    parts.put("compute_output", timing(compute.computeOutput()));
    return parts;
  }

  private static ModelStats.Timing timing(Total total) {
    return new ModelStats.Timing(total.count(), total.nanos());
  }

  /** Counts no runs until {@link #resumeStatistics}. */
  public void pauseStatistics() {
    statistics.pause();
  }

  /** Counts runs again. */
  public void resumeStatistics() {
    statistics.resume();
  }

  /**
   * Counts a request that was not answered well.
   *
   * @param status the HTTP status that says why
   * @param nanos from its arrival to its answer
   */
  public void countFailure(int status, long nanos) {
    statistics.failed(
        switch (status) {
          case 503, 504 -> Failure.REJECTED;
          case 499 -> Failure.CANCELED;
          case 500 -> Failure.BACKEND;
          default -> Failure.OTHER;
        },
        nanos);
  }

  @Override
  public void close() {
    batcher.close();
    preprocessor.ifPresent(Preprocessor::close);
  }
}
