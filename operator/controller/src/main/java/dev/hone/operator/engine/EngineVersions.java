package dev.hone.operator.engine;

/**
 * What the server's image holds; an engine is valid for these versions alone.
 *
 * @param onnxRuntime version of ONNX Runtime
 * @param tensorRt version of TensorRT that it is linked with
 */
public record EngineVersions(String onnxRuntime, String tensorRt) {}
