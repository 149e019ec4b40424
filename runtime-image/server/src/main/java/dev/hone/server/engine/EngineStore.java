package dev.hone.server.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.repository.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Reads engines from the folder that has them side by side, each under its key. */
public final class EngineStore {
  private static final Logger LOG = Logger.getLogger(EngineStore.class);

  private final Path root;
  private final ObjectMapper json;

  /** Reads below that folder. */
  public EngineStore(Path root, ObjectMapper json) {
    this.root = root;
    this.json = json;
  }

  /**
   * The engine for a model on a machine. One that does not fit is logged with the reason, and
   * passed over: the model itself can always be loaded.
   *
   * @param digest digest of the model's artifact
   * @param onnxRuntime version of ONNX Runtime that would load it
   * @param machine this machine
   */
  public Optional<Engine> find(String digest, String onnxRuntime, Machine machine) {
    for (Path folder : folders()) {
      try {
        Engine engine = read(folder);
        Optional<String> refusal = refusal(engine.manifest().spec(), digest, onnxRuntime, machine);
        if (refusal.isEmpty()) {
          return Optional.of(engine);
        }
        LOG.infof("engine %s is not used: %s", folder.getFileName(), refusal.get());
      } catch (TornEngineException e) {
        LOG.warnf("engine %s is not used: %s", folder.getFileName(), e.getMessage());
      }
    }
    return Optional.empty();
  }

  /**
   * The engine in a folder, once all its digests are right.
   *
   * @throws TornEngineException if it is not whole, with a sentence that says why
   */
  Engine read(Path folder) throws TornEngineException {
    Path file = folder.resolve(EngineManifest.NAME);
    if (!Files.isRegularFile(file)) {
      throw new TornEngineException("it has no %s".formatted(EngineManifest.NAME));
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      EngineManifest manifest = json.readValue(bytes, EngineManifest.class);
      if (manifest.schemaVersion() != EngineManifest.SCHEMA_VERSION
          || manifest.spec() == null
          || manifest.model() == null
          || !folder.getFileName().toString().equals(manifest.key())) {
        throw new TornEngineException(
            "its %s is not that of an engine of this name".formatted(EngineManifest.NAME));
      }
      for (EngineManifest.File entry : manifest.files()) {
        check(folder, entry);
      }
      if (manifest.files().stream().noneMatch(entry -> entry.path().equals(manifest.model()))) {
        throw new TornEngineException("its manifest does not list %s".formatted(manifest.model()));
      }
      return new Engine(folder, manifest, "sha256:" + Digests.sha256(bytes));
    } catch (JsonProcessingException e) {
      throw new TornEngineException(
          "its %s cannot be read (%s)".formatted(EngineManifest.NAME, e.getOriginalMessage()));
    } catch (IOException e) {
      throw new TornEngineException("it cannot be read: " + e);
    }
  }

  private static void check(Path folder, EngineManifest.File entry)
      throws IOException, TornEngineException {
    Path path = folder.resolve(entry.path()).normalize();
    if (!path.startsWith(folder.normalize()) || !Files.isRegularFile(path)) {
      throw new TornEngineException("its file '%s' is missing".formatted(entry.path()));
    }
    String found = Digests.sha256(path);
    if (!found.equals(entry.sha256())) {
      throw new TornEngineException(
          "its file '%s' is corrupt: expected sha256 %s, found %s"
              .formatted(entry.path(), entry.sha256(), found));
    }
  }

  private static Optional<String> refusal(
      EngineSpec spec, String digest, String onnxRuntime, Machine machine) {
    if (!digest.equals(spec.model().digest())) {
      return Optional.of("it is of the model %s".formatted(spec.model().digest()));
    }
    if (!onnxRuntime.equals(spec.runtime().onnxRuntime())) {
      return Optional.of(
          "it is for ONNX Runtime %s, this is %s"
              .formatted(spec.runtime().onnxRuntime(), onnxRuntime));
    }
    return machine.refuses(spec.target());
  }

  private List<Path> folders() {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(root)) {
      return children
          .filter(child -> !child.getFileName().toString().startsWith("."))
          .filter(Files::isDirectory)
          .sorted()
          .toList();
    } catch (IOException e) {
      LOG.warnf("the folder of engines %s cannot be read: %s", root, e);
      return List.of();
    }
  }
}
