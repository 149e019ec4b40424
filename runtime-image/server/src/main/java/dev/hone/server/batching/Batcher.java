package dev.hone.server.batching;

import dev.hone.server.backend.Backend;
import dev.hone.server.backend.BackendException;
import dev.hone.server.inference.InferenceException;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.protocol.Tensor;
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
  private final BatchQueue queue;
  private final ModelStatistics statistics;
  private final Thread worker;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Starts the worker.
   *
   * @param maxRows the most rows in one run
   * @param maxQueue the most requests that wait
   */
  public Batcher(
      String model, Backend backend, int maxRows, int maxQueue, ModelStatistics statistics) {
    this.model = model;
    this.backend = backend;
    this.queue = new BatchQueue(maxQueue, maxRows);
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
   * @throws InferenceException.Overloaded if the queue is full
   */
  public CompletableFuture<List<Tensor>> submit(BatchRequest request) {
    Pending pending = new Pending(request, new CompletableFuture<>(), System.nanoTime());
    if (!queue.offer(pending)) {
      throw new InferenceException.Overloaded(
          "model '%s' has too many requests waiting: send this one again later".formatted(model),
          Duration.ofSeconds(1));
    }
    return pending.answer();
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
    try {
      List<Pending> wanted = batch.stream().filter(this::stillWanted).toList();
      if (!wanted.isEmpty()) {
        execute(wanted);
      }
    } catch (BackendException e) {
      if (batch.size() == 1) {
        batch.getFirst().answer().completeExceptionally(answerTo(e));
      } else {
        // One of them is at fault; alone, only that one fails.
        batch.forEach(pending -> run(List.of(pending)));
      }
    } catch (RuntimeException | Error e) {
      LOG.errorf(e, "a run of model '%s' failed", model);
      InferenceException answer =
          new InferenceException.ModelFailed("model '%s' failed: %s".formatted(model, e));
      batch.forEach(pending -> pending.answer().completeExceptionally(answer));
    }
  }

  private boolean stillWanted(Pending pending) {
    long now = System.nanoTime();
    if (pending.request().deadline().passedAt(now)) {
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
    int rows = requests.stream().mapToInt(BatchRequest::rows).sum();

    long started = System.nanoTime();
    Map<String, Tensor> inputs = BatchAssembler.join(requests);
    List<Tensor> outputs = backend.run(inputs, List.copyOf(wanted));
    long finished = System.nanoTime();

    statistics.executed(rows);
    int start = 0;
    for (Pending pending : batch) {
      statistics.computed(started - pending.enqueuedNanos(), finished - started);
      BatchRequest request = pending.request();
      pending
          .answer()
          .complete(batch.size() == 1 ? outputs : share(request, requests, outputs, start));
      start += request.rows();
    }
  }

  private List<Tensor> share(
      BatchRequest request, List<BatchRequest> batch, List<Tensor> outputs, int start) {
    Set<String> lengthened =
        request.padding().isEmpty() ? Set.of() : backend.signature().sequenceOutputs();
    List<Tensor> share = new ArrayList<>();
    for (Tensor output : outputs) {
      if (request.outputs().contains(output.name())) {
        if (output.shape().rank() == 0 || output.shape().dim(0) != rows(batch)) {
          throw new IllegalStateException(
              "output '%s' has shape %s for a batch of %d rows"
                  .formatted(output.name(), output.shape(), rows(batch)));
        }
        Tensor part = BatchAssembler.part(output, start, request.rows());
        share.add(
            lengthened.contains(output.name()) ? BatchAssembler.trim(part, length(request)) : part);
      }
    }
    return share;
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
