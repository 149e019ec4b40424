package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.Backend;
import dev.hone.server.backend.BackendException;
import dev.hone.server.backend.ExecutionProvider;
import dev.hone.server.backend.NoAcceleratorException;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.backend.ProviderChain;
import dev.hone.server.batching.BatchLimits;
import dev.hone.server.batching.Batcher;
import dev.hone.server.batching.Padding;
import dev.hone.server.batching.PaddingProbe;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.engine.Engine;
import dev.hone.server.metrics.InferenceMetrics;
import dev.hone.server.metrics.MeteredModel;
import dev.hone.server.metrics.ModelStatistics;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.Manifest;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.serving.Preprocessor;
import dev.hone.server.serving.ServedModel;
import dev.hone.server.text.PadToken;
import dev.hone.server.text.TextEncoder;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Makes a model that can be served out of a verified artifact. */
@ApplicationScoped
public class ModelLoader {
  private static final Logger LOG = Logger.getLogger(ModelLoader.class);

  private final ServerConfig config;
  private final InferenceMetrics metrics;
  private final ObjectMapper json;
  private final Preprocessors preprocessors;
  private @Nullable ProviderChain chain;

  /** Loads with those settings. */
  public ModelLoader(ServerConfig config, InferenceMetrics metrics, ObjectMapper json) {
    this.config = config;
    this.metrics = metrics;
    this.json = json;
    this.preprocessors = new Preprocessors(json, config.maxImagePixels());
  }

  /**
   * Loads a model version and starts its worker.
   *
   * @throws NoAcceleratorException if it would run on the CPU, which the settings refuse
   */
  public ServedModel load(Artifact artifact) throws RepositoryException, NoAcceleratorException {
    String name = artifact.folder().name();
    String version = artifact.folder().version();
    Optional<Engine> engine = new EngineChoice(config.engines(), json).of(artifact);
    Optional<Backend> prepared =
        engine.isPresent() ? backend(artifact, engine.get()) : Optional.empty();
    Backend backend = prepared.isPresent() ? prepared.get() : backend(artifact);
    Optional<String> key = prepared.flatMap(loaded -> engine).map(found -> found.manifest().key());
    try {
      Optional<Preprocessor> preprocessor = preprocessors.of(artifact, backend.signature());
      ModelStatistics statistics = metrics.statistics(name, version);
      BatchLimits limits =
          new BatchLimits(
              config.maxBatch(), config.maxQueue(), Duration.ofMillis(config.maxWaitMillis()));
      Batcher batcher = new Batcher(name, backend, limits, statistics);
      ServedModel model =
          new ServedModel(
              name,
              version,
              backend.signature(),
              labels(artifact),
              preprocessor,
              parameters(artifact, backend, preprocessor, key),
              padding(artifact, backend),
              limits.maxRows(),
              batcher,
              new MeteredModel(
                  name,
                  version,
                  backend.provider(),
                  artifact.digest().orElse(""),
                  statistics,
                  batcher::waiting));
      batcher.start();
      return model;
    } catch (RepositoryException e) {
      backend.close();
      throw e;
    }
  }

  /** Publishes the numbers of a model version that is served from now on. */
  void publish(ServedModel model) {
    metrics.publish(model.metered());
  }

  /** Publishes no numbers of a model version any more. */
  void forget(ServedModel model) {
    metrics.withdraw(model.name(), model.version());
  }

  private Backend backend(Artifact artifact) throws RepositoryException, NoAcceleratorException {
    try {
      return OnnxBackend.load(artifact.folder().name(), artifact.model(), threads(), chain());
    } catch (BackendException e) {
      throw invalid(artifact, "ONNX Runtime cannot load it: " + e.getMessage(), e);
    }
  }

  /** Made when it is first needed: it loads ONNX Runtime, which takes its time. */
  private synchronized ProviderChain chain() throws RepositoryException {
    if (chain == null) {
      List<ExecutionProvider> wanted = new ArrayList<>();
      for (String text : config.providers()) {
        wanted.add(
            ExecutionProvider.of(text.strip())
                .orElseThrow(
                    () ->
                        new RepositoryException(
                            Reason.UNSUPPORTED,
                            "HONE_PROVIDERS names '%s': write some of %s, best first"
                                .formatted(text, String.join(",", ExecutionProvider.texts())))));
      }
      chain = ProviderChain.ofThisMachine(wanted, config.requireAccelerator());
    }
    return chain;
  }

  /** The engine in place of the model; empty if it cannot be loaded after all. */
  private Optional<Backend> backend(Artifact artifact, Engine engine)
      throws RepositoryException, NoAcceleratorException {
    String name = artifact.folder().name();
    try {
      Backend backend = OnnxBackend.loadEngine(name, engine.model(), threads(), chain());
      LOG.infof("model '%s' is loaded as the engine %s", name, engine.manifest().key());
      return Optional.of(backend);
    } catch (BackendException e) {
      LOG.warnf(
          "engine %s is not used, for ONNX Runtime cannot load it (%s): the model itself is loaded",
          engine.manifest().key(), e.getMessage());
      return Optional.empty();
    }
  }

  private int threads() {
    return config.intraOpThreads().orElseGet(() -> Runtime.getRuntime().availableProcessors());
  }

  private Padding padding(Artifact artifact, Backend backend) throws RepositoryException {
    List<TensorMetadata> inputs = backend.signature().inputs();
    if (!backend.signature().batchable() || TextEncoder.unsupported(inputs).isPresent()) {
      return Padding.NONE;
    }
    Map<String, Long> fill = TextEncoder.padding(inputs, padId(artifact));
    if (!PaddingProbe.agrees(backend, fill)) {
      LOG.infof(
          "model '%s' answers differently when its inputs are filled up: only requests of one"
              + " length share a run",
          artifact.folder().name());
      return Padding.NONE;
    }
    return new Padding(fill, config.sequenceLengths().orElse(List.of()));
  }

  private long padId(Artifact artifact) throws RepositoryException {
    Optional<Path> tokenizer = artifact.tokenizer();
    if (tokenizer.isEmpty()) {
      return 0;
    }
    try {
      return new PadToken(json).find(tokenizer.get(), artifact.config());
    } catch (IOException e) {
      throw invalid(artifact, "its tokenizer.json cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<String> labels(Artifact artifact) {
    return artifact.task().map(Manifest.Task::labels).orElse(List.of());
  }

  private static Map<String, Object> parameters(
      Artifact artifact,
      Backend backend,
      Optional<Preprocessor> preprocessor,
      Optional<String> engine) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("provider", backend.provider());
    artifact.digest().ifPresent(digest -> parameters.put("digest", digest));
    engine.ifPresent(key -> parameters.put("engine", key));
    artifact.task().ifPresent(task -> parameters.put("task", task.type()));
    if (!labels(artifact).isEmpty()) {
      parameters.put("labels", labels(artifact));
    }
    preprocessor.ifPresent(made -> parameters.put(made.input() + "_input", made.input()));
    return parameters;
  }

  /** Says why an artifact can't be served. */
  static RepositoryException invalid(Artifact artifact, String why, @Nullable Exception cause) {
    String sentence = "model '%s' is not usable: %s".formatted(artifact.folder().name(), why);
    return cause == null
        ? new RepositoryException(Reason.MODEL_INVALID, sentence)
        : new RepositoryException(Reason.MODEL_INVALID, sentence, cause);
  }
}
