package dev.hone.server.batching;

import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.tracing.RequestSpan;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one request asks the backend for.
 *
 * @param inputs every input of the model, by name
 * @param outputs the model's outputs to compute
 * @param rows its share of a batch
 * @param group requests of equal groups may share a run; null runs alone
 * @param padding for each input whose axis 1 may be lengthened, what fills it
 * @param length what axis 1 is lengthened to at least, 0 for no more than the longest request
 * @param deadline when it need not be run any more
 * @param span is told when it waits and when it runs
 */
public record BatchRequest(
    Map<String, Tensor> inputs,
    List<String> outputs,
    int rows,
    @Nullable Object group,
    Map<String, Long> padding,
    int length,
    Deadline deadline,
    RequestSpan span) {
  /** Copies the collections. */
  public BatchRequest {
    inputs = Map.copyOf(inputs);
    outputs = List.copyOf(outputs);
    padding = Map.copyOf(padding);
  }

  /** A request that shares runs with those of its group, and is not lengthened. */
  public BatchRequest(
      Map<String, Tensor> inputs, List<String> outputs, int rows, @Nullable Object group) {
    this(inputs, outputs, rows, group, Map.of(), 0, Deadline.NONE, RequestSpan.NONE);
  }

  /** The same, with company of other lengths. */
  public BatchRequest padded(Padding how, int ownLength) {
    return new BatchRequest(
        inputs,
        outputs,
        rows,
        how.bucket(ownLength),
        how.fill(),
        how.target(ownLength),
        deadline,
        span);
  }

  /** The same with a deadline. */
  public BatchRequest until(Deadline other) {
    return new BatchRequest(inputs, outputs, rows, group, padding, length, other, span);
  }

  /** The same with a span. */
  public BatchRequest traced(RequestSpan other) {
    return new BatchRequest(inputs, outputs, rows, group, padding, length, deadline, other);
  }
}
