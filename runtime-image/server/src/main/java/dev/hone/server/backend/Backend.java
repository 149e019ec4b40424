package dev.hone.server.backend;

import dev.hone.server.protocol.Tensor;
import java.util.List;
import java.util.Map;

/**
 * One loaded model. {@link #run} is called by one thread at a time, which lets an implementation
 * reuse its buffers.
 */
public interface Backend extends AutoCloseable {
  /** What the model takes and gives. */
  Signature signature();

  /** The execution provider that really runs it, as ONNX Runtime names it. */
  String provider();

  /**
   * Runs the model.
   *
   * @param inputs every input by its name
   * @param outputs the outputs to compute
   */
  List<Tensor> run(Map<String, Tensor> inputs, List<String> outputs) throws BackendException;

  @Override
  void close();
}
