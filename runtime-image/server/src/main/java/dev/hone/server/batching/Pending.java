package dev.hone.server.batching;

import dev.hone.server.protocol.Tensor;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A request in the queue, and the answer that it waits for. */
record Pending(BatchRequest request, CompletableFuture<List<Tensor>> answer, long enqueuedNanos) {
  /** Whether the other may run together with this one. */
  boolean sharesRunWith(Pending other) {
    Object group = request.group();
    return group != null && group.equals(other.request.group());
  }

  /** Whether nobody waits any more. */
  boolean abandoned() {
    return answer.isDone();
  }
}
