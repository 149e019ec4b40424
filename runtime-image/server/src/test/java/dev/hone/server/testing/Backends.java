package dev.hone.server.testing;

import dev.hone.server.backend.ExecutionProvider;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.backend.ProviderChain;
import java.nio.file.Path;
import java.util.List;

/** Models in ONNX Runtime, without a server around them. */
public final class Backends {
  private Backends() {}

  /** A model on one thread of the CPU. */
  public static OnnxBackend onCpu(Path model) throws Exception {
    return OnnxBackend.load(
        model.toString(),
        model,
        1,
        ProviderChain.ofThisMachine(List.of(ExecutionProvider.CPU), false));
  }
}
