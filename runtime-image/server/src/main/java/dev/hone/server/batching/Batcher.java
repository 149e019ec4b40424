package dev.hone.server.batching;

import dev.hone.server.backend.Backend;
import dev.hone.server.backend.BackendException;
import dev.hone.server.inference.InferenceException;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.tracing.RequestSpan;
import dev.hone.server.tracing.Run;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * Runs a model's requests on one thread. Whatever waits when the thread becomes free, and may share
 * a run, shares it; nothing ever waits for company.
 */
public final class Batcher implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Batcher.class);

  private final String model;
  private final Backend backend;
  private final BatchLimits limits;
  private final ServiceTimes times = new ServiceTimes();
  private final BatchQueue queue;
  private final ModelStatistics statistics;
  private final Thread worker;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Makes a batcher of that model; {@link #start} lets it work. */
  public Batcher(String model, Backend backend, BatchLimits limits, ModelStatistics statistics) {
    this.model = model;
    this.backend = backend;
    this.limits = limits;
    this.queue = new BatchQueue(limits, times);
    this.statistics = statistics;
    this.worker = Thread.ofPlatform().name("batcher-" + model).daemon().unstarted(this::work);
  }

  /** Starts to work. */
  public void start() {
    worker.start();
  }

  /**
   * Queues a request.
   *
   * @return its outputs, or an {@link InferenceException}; completed by the worker, which must not
   *     be kept; cancel it to give up
   * @throws InferenceException.Overloaded if it would wait too long
   * @throws InferenceException.NotReady if the model is being taken away
   */
  public CompletableFuture<List<Tensor>> submit(BatchRequest request) {
    Pending pending = new Pending(request, System.nanoTime());
    Admission admission = queue.offer(pending);
    if (!admission.admitted()) {
      throw refusal(admission);
    }
    pending
        .answer()
        .whenComplete(
            (outputs, failure) -> {
              if (pending.answer().isCancelled()) {
                queue.remove(pending);
              }
            });
    return pending.answer();
  }

  private InferenceException refusal(Admission admission) {
    Duration predicted = Duration.ofNanos(admission.predictedNanos());
    return switch (admission.verdict()) {
      case CLOSED ->
          new InferenceException.NotReady("model '%s' is being taken away".formatted(model));
      case FULL ->
          new InferenceException.Overloaded(
              "model '%s' has too many requests waiting (%d): send this one again later"
                  .formatted(model, limits.maxQueue()),
              predicted);
      case TOO_LONG ->
          new InferenceException.Overloaded(
              "model '%s' has too many requests waiting: this one would wait %d ms, and %d ms are allowed: send it again later"
                  .formatted(model, predicted.toMillis(), limits.maxWait().toMillis()),
              predicted.minus(limits.maxWait()));
      case TOO_LATE ->
          new InferenceException.Overloaded(
              "model '%s' has too many requests waiting: this one would wait %d ms, beyond its deadline: send it again later or allow more time"
                  .formatted(model, predicted.toMillis()),
              predicted);
      case ADMITTED -> throw new IllegalStateException("it was admitted");
    };
  }

  /** How many requests wait. */
  public int waiting() {
    return queue.size();
  }

  private void work() {
    try {
      for (List<Pending> batch = queue.takeBatch(); !batch.isEmpty(); batch = queue.takeBatch()) {
        run(batch);
      }
    } catch (InterruptedException e) {
      LOG.warnf("the worker of model '%s' was interrupted", model);
    }
  }

  private void run(List<Pending> batch) {
    List<Pending> wanted = batch.stream().filter(this::stillWanted).toList();
    if (wanted.isEmpty()) {
      return;
    }
    try {
      execute(wanted);
    } catch (BackendException e) {
      if (wanted.size() == 1) {
        wanted.getFirst().answer().completeExceptionally(answerTo(e));
      } else {
        // One of them is at fault; alone, only that one fails.
        wanted.forEach(pending -> run(List.of(pending)));
      }
    } catch (RuntimeException | Error e) {
      LOG.errorf(e, "a run of model '%s' failed", model);
      InferenceException answer =
          new InferenceException.ModelFailed("model '%s' failed: %s".formatted(model, e));
      wanted.forEach(pending -> pending.answer().completeExceptionally(answer));
    }
  }

  private boolean stillWanted(Pending pending) {
    long now = System.nanoTime();
    if (pending.request().deadline().passedAt(now)) {
      pending.request().span().waited(pending.enqueuedNanos(), now);
      pending
          .answer()
          .completeExceptionally(
              new InferenceException.DeadlineExceeded(
                  "the request's deadline passed after it had waited %d ms for model '%s': allow more time, or send less at once"
                      .formatted((now - pending.enqueuedNanos()) / 1_000_000, model)));
    }
    return !pending.abandoned();
  }

  private void execute(List<Pending> batch) throws BackendException {
    List<BatchRequest> requests = batch.stream().map(Pending::request).toList();
    Set<String> wanted = new LinkedHashSet<>();
    requests.forEach(request -> wanted.addAll(request.outputs()));
    int rows = rows(requests);

    long started = System.nanoTime();
    Map<String, Tensor> inputs = BatchAssembler.join(requests);
    long joined = System.nanoTime();
    List<Tensor> outputs;
    try {
      outputs = backend.run(inputs, List.copyOf(wanted));
    } catch (BackendException e) {
      long failed = System.nanoTime();
      trace(batch, new Run(started, joined, failed, failed, batch.size(), rows));
      throw e;
    }
    long ran = System.nanoTime();
    times.ran(rows, ran - started);

    List<List<Tensor>> shares = new ArrayList<>(batch.size());
    int start = 0;
    for (BatchRequest request : requests) {
      shares.add(share(request, rows, outputs, start));
      start += request.rows();
    }
    long parted = System.nanoTime();
    // Before the answers: whoever has one finds it counted.
    statistics.executed(rows, joined - started, ran - joined, parted - ran);
    for (Pending pending : batch) {
      statistics.computed(
          started - pending.enqueuedNanos(), joined - started, ran - joined, parted - ran);
    }
    trace(batch, new Run(started, joined, ran, parted, batch.size(), rows));
    for (int index = 0; index < batch.size(); index++) {
      batch.get(index).answer().complete(shares.get(index));
    }
  }

  private static void trace(List<Pending> batch, Run run) {
    for (Pending pending : batch) {
      RequestSpan span = pending.request().span();
      span.waited(pending.enqueuedNanos(), run.started());
      span.computed(run);
    }
  }

  private List<Tensor> share(BatchRequest request, int rows, List<Tensor> outputs, int start) {
    Set<String> lengthened =
        request.padding().isEmpty() ? Set.of() : backend.signature().sequenceOutputs();
    List<Tensor> share = new ArrayList<>();
    for (Tensor output : outputs) {
      if (request.outputs().contains(output.name())) {
        Tensor part = request.rows() == rows ? output : part(request, rows, output, start);
        share.add(
            lengthened.contains(output.name()) ? BatchAssembler.trim(part, length(request)) : part);
      }
    }
    return share;
  }

  private static Tensor part(BatchRequest request, int rows, Tensor output, int start) {
    if (output.shape().rank() == 0 || output.shape().dim(0) != rows) {
      throw new IllegalStateException(
          "output '%s' has shape %s for a batch of %d rows"
              .formatted(output.name(), output.shape(), rows));
    }
    return BatchAssembler.part(output, start, request.rows());
  }

  private static int rows(List<BatchRequest> batch) {
    return batch.stream().mapToInt(BatchRequest::rows).sum();
  }

  private static long length(BatchRequest request) {
    String padded = request.padding().keySet().iterator().next();
    Tensor tensor = request.inputs().get(padded);
    return tensor == null ? Long.MAX_VALUE : tensor.shape().dim(1);
  }

  private InferenceException answerTo(BackendException e) {
    return e.inputAtFault()
        ? new InferenceException.BadInput(
            "model '%s' refuses these values: %s".formatted(model, e.getMessage()))
        : new InferenceException.ModelFailed(
            "model '%s' failed: %s".formatted(model, e.getMessage()));
  }

  /** Finishes what waits, then ends the worker and closes the model. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    queue.close();
    try {
      worker.join();
      backend.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
