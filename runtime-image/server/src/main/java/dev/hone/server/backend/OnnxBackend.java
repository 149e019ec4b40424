package dev.hone.server.backend;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** A model in ONNX Runtime, on the first execution provider that can run it. */
public final class OnnxBackend implements Backend {
  /** A container sees only its own GPUs, and a model runs on one. */
  private static final int DEVICE = 0;

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final Signature signature;
  private final ExecutionProvider provider;

  /** One native buffer for each input, grown when needed: ONNX Runtime reads it in place. */
  private final Map<String, ByteBuffer> buffers = new HashMap<>();

  private OnnxBackend(
      OrtEnvironment environment,
      OrtSession session,
      Signature signature,
      ExecutionProvider provider) {
    this.environment = environment;
    this.session = session;
    this.signature = signature;
    this.provider = provider;
  }

  /**
   * Loads a model.
   *
   * @param name what a refusal calls it
   * @param threads for each run on the CPU
   * @param chain what may run it
   * @throws NoAcceleratorException if only the CPU could, and must not
   */
  public static OnnxBackend load(String name, Path model, int threads, ProviderChain chain)
      throws BackendException, NoAcceleratorException {
    return load(name, model, threads, chain, OptLevel.ALL_OPT);
  }

  /** Loads an engine in place of a model: it is optimized already. */
  public static OnnxBackend loadEngine(String name, Path engine, int threads, ProviderChain chain)
      throws BackendException, NoAcceleratorException {
    return load(name, engine, threads, chain, OptLevel.NO_OPT);
  }

  private static OnnxBackend load(
      String name, Path model, int threads, ProviderChain chain, OptLevel level)
      throws BackendException, NoAcceleratorException {
    try {
      OrtEnvironment environment = quiet();
      ProviderChain.Opened<OrtSession> opened =
          chain.open(name, providers -> session(environment, model, threads, level, providers));
      OrtSession session = opened.value();
      try {
        return new OnnxBackend(environment, session, OnnxSignature.of(session), opened.provider());
      } catch (OrtException | BackendException e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      throw failure(e);
    }
  }

  private static OrtSession session(
      OrtEnvironment environment,
      Path model,
      int threads,
      OptLevel level,
      List<ExecutionProvider> accelerators)
      throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(level);
      // Waiting threads must not burn the CPU share of a small container.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      // A failed run is an exception, which is answered; its echo on stderr would be noise.
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      for (ExecutionProvider accelerator : accelerators) {
        switch (accelerator) {
          case TENSOR_RT -> options.addTensorrt(DEVICE);
          case CUDA -> options.addCUDA(DEVICE);
          case CPU -> throw new IllegalStateException("the CPU is always there");
        }
      }
      return environment.createSession(model.toString(), options);
    }
  }

  /** Tells Microsoft nothing. That nothing is stored for it either takes ORT_DISABLE_TELEMETRY. */
  private static OrtEnvironment quiet() throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    environment.setTelemetry(false);
    return environment;
  }

  @Override
  public Signature signature() {
    return signature;
  }

  @Override
  public String provider() {
    return provider.runtime().getName();
  }

  @Override
  public List<Tensor> run(Map<String, Tensor> inputs, List<String> outputs)
      throws BackendException {
    Map<String, OnnxTensor> feeds = new HashMap<>();
    try {
      for (Tensor input : inputs.values()) {
        feeds.put(input.name(), feed(input));
      }
      try (OrtSession.Result result = session.run(feeds, new LinkedHashSet<>(outputs))) {
        List<Tensor> answers = new ArrayList<>(outputs.size());
        for (String output : outputs) {
          answers.add(answer(output, result.get(output).orElseThrow()));
        }
        return answers;
      }
    } catch (OrtException e) {
      throw failure(e);
    } finally {
      feeds.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor feed(Tensor input) throws OrtException {
    long[] shape = input.shape().toArray();
    return switch (input) {
      case BytesTensor bytes ->
          OnnxTensor.createTensor(environment, bytes.texts().toArray(new String[0]), shape);
      case NumericTensor numeric ->
          OnnxTensor.createTensor(
              environment,
              nativeCopy(numeric),
              shape,
              OnnxTypes.onnx(numeric.datatype()).orElseThrow());
    };
  }

  private ByteBuffer nativeCopy(NumericTensor tensor) {
    int size = tensor.data().limit();
    ByteBuffer buffer = buffers.get(tensor.name());
    if (buffer == null || buffer.capacity() < size) {
      buffer = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
      buffers.put(tensor.name(), buffer);
    }
    buffer.clear().limit(size);
    buffer.put(0, tensor.data(), 0, size);
    return buffer;
  }

  private static Tensor answer(String name, OnnxValue value) throws OrtException {
    OnnxTensor tensor = (OnnxTensor) value;
    Shape shape = Shape.of(tensor.getInfo().getShape());
    if (tensor.getInfo().type == OnnxJavaType.STRING) {
      List<String> strings = new ArrayList<>();
      flatten(tensor.getValue(), strings);
      return BytesTensor.ofTexts(name, shape, strings);
    }
    ByteBuffer data = tensor.getByteBuffer().order(ByteOrder.nativeOrder());
    return new NumericTensor(name, OnnxTypes.datatype(tensor.getInfo()).orElseThrow(), shape, data);
  }

  private static void flatten(Object value, List<String> into) {
    if (value instanceof Object[] array) {
      for (Object element : array) {
        flatten(element, into);
      }
    } else {
      into.add(value.toString());
    }
  }

  private static BackendException failure(OrtException e) {
    return new BackendException(
        String.valueOf(e.getMessage()),
        e.getCode() == OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT,
        e);
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime did not close a session", e);
    }
  }
}
