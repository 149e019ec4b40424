package dev.hone.server.backend;

import ai.onnxruntime.OrtProvider;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What may compute, as the settings name it and as ONNX Runtime does. */
public enum ExecutionProvider {
  /** NVIDIA's compiler of engines; what it does not take, CUDA computes. */
  TENSOR_RT("TensorRT", OrtProvider.TENSOR_RT),
  /** NVIDIA's GPUs, kernel by kernel. */
  CUDA("CUDA", OrtProvider.CUDA),
  /** The processor. */
  CPU("CPU", OrtProvider.CPU);

  private final String text;
  private final OrtProvider runtime;

  ExecutionProvider(String text, OrtProvider runtime) {
    this.text = text;
    this.runtime = runtime;
  }

  /** As a setting or a manifest writes it. */
  public String text() {
    return text;
  }

  /** As ONNX Runtime knows it. */
  OrtProvider runtime() {
    return runtime;
  }

  /** Whether it computes on something else than the processor. */
  public boolean accelerates() {
    return this != CPU;
  }

  /** The provider that is written so; empty if there is none. */
  public static Optional<ExecutionProvider> of(String text) {
    return Arrays.stream(values()).filter(provider -> provider.text.equals(text)).findFirst();
  }

  /** Every provider as it is written, best first. */
  public static List<String> texts() {
    return Arrays.stream(values()).map(ExecutionProvider::text).toList();
  }
}
