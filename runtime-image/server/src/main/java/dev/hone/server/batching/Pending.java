package dev.hone.server.batching;

import dev.hone.server.protocol.Tensor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A request in the queue, and the answer that it waits for. */
final class Pending implements BatchPlanner.Candidate {
  private final BatchRequest request;
  private final CompletableFuture<List<Tensor>> answer = new CompletableFuture<>();
  private final long enqueuedNanos;

  Pending(BatchRequest request, long enqueuedNanos) {
    this.request = request;
    this.enqueuedNanos = enqueuedNanos;
  }

  BatchRequest request() {
    return request;
  }

  CompletableFuture<List<Tensor>> answer() {
    return answer;
  }

  long enqueuedNanos() {
    return enqueuedNanos;
  }

  @Override
  public int rows() {
    return request.rows();
  }

  @Override
  public @Nullable Object group() {
    return request.group();
  }

  /** Whether nobody waits any more. */
  boolean abandoned() {
    return answer.isDone();
  }
}
