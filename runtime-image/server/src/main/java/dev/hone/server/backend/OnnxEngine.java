package dev.hone.server.backend;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Has ONNX Runtime, or TensorRT within it, prepare a model once for a class of machine. */
public final class OnnxEngine {
  private static final String TENSOR_RT = "TensorRT";
  private static final String CPU = "CPU";

  /** A file of ONNX holds 2 GB; weights beyond that go into a file of their own. */
  private static final long LARGE = 1L << 30;

  private static final String WEIGHTS = "weights.data";

  private OnnxEngine() {}

  /** The sizes that an axis may have, and the one to be best at. */
  public record Range(int min, int opt, int max) {}

  /**
   * How to build.
   *
   * @param provider TensorRT or CPU
   * @param options what else the builder is told, by name
   * @param batch rows of a run
   * @param length length of the inputs, where they leave it open
   */
  public record Options(String provider, Map<String, String> options, Range batch, Range length) {}

  /** The version of ONNX Runtime that would build. */
  public static String version() {
    return OrtEnvironment.getEnvironment().getVersion();
  }

  /**
   * Builds.
   *
   * @param model the model
   * @param target the file to write; others may come to stand beside it
   * @throws BackendException with the builder's own words
   */
  public static void build(Path model, Path target, Options options) throws BackendException {
    try {
      switch (options.provider()) {
        case CPU -> optimize(model, target, options);
        case TENSOR_RT -> compile(model, target, options);
        default ->
            throw new BackendException(
                "no engine is built for the provider %s".formatted(options.provider()));
      }
    } catch (OrtException e) {
      throw new BackendException(String.valueOf(e.getMessage()), false, e);
    }
    if (!Files.isRegularFile(target)) {
      throw new BackendException("it ended without an engine and without a word about it");
    }
  }

  private static void optimize(Path model, Path target, Options options)
      throws OrtException, BackendException {
    try (OrtSession.SessionOptions session = session()) {
      session.setOptimizationLevel(level(options.options().get("optimization")));
      session.setOptimizedModelFilePath(target.toString());
      if (isLarge(model)) {
        session.addConfigEntry("session.optimized_model_external_initializers_file_name", WEIGHTS);
      }
      open(model, session);
    }
  }

  /** The graph with TensorRT's plans in it, as ONNX Runtime's "EP context". */
  private static void compile(Path model, Path target, Options options)
      throws OrtException, BackendException {
    Map<String, String> settings;
    try (OrtSession.SessionOptions plain = session();
        OrtSession read = OrtEnvironment.getEnvironment().createSession(model.toString(), plain)) {
      settings = TensorRtSettings.of(OnnxSignature.of(read), options);
    }
    try (OrtSession.SessionOptions session = session();
        OrtTensorRTProviderOptions tensorRt = new OrtTensorRTProviderOptions()) {
      for (Map.Entry<String, String> setting : settings.entrySet()) {
        tensorRt.add(setting.getKey(), setting.getValue());
      }
      session.addTensorrt(tensorRt);
      session.addConfigEntry("ep.context_enable", "1");
      session.addConfigEntry("ep.context_file_path", target.toString());
      session.addConfigEntry("ep.context_embed_mode", "1");
      open(model, session);
    }
  }

  private static void open(Path model, OrtSession.SessionOptions options) throws OrtException {
    OrtEnvironment.getEnvironment().createSession(model.toString(), options).close();
  }

  private static OrtSession.SessionOptions session() throws OrtException {
    OrtEnvironment.getEnvironment().setTelemetry(false);
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    return options;
  }

  private static OptLevel level(@Nullable String name) throws BackendException {
    return switch (name == null ? "all" : name) {
      case "all" -> OptLevel.ALL_OPT;
      case "extended" -> OptLevel.EXTENDED_OPT;
      default ->
          throw new BackendException(
              "no level of optimization is called '%s'; write all or extended".formatted(name));
    };
  }

  private static boolean isLarge(Path model) throws BackendException {
    try (var files = Files.list(model.toAbsolutePath().getParent())) {
      long bytes = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
      return bytes > LARGE;
    } catch (IOException e) {
      throw new BackendException("the model's folder cannot be read: " + e);
    }
  }
}
