package dev.hone.server.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.BackendException;
import dev.hone.server.backend.OnnxEngine;
import dev.hone.server.engine.EngineException.Reason;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.Digests;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds an engine below a folder, under its key. An engine is immutable: one that is there and
 * whole is left alone, one that is torn is built again.
 */
public final class EngineBuilder {
  private static final String MODEL = "model.onnx";
  private static final int DEFAULT_LENGTH = 512;

  private final Path root;
  private final ObjectMapper json;
  private final Machine machine;

  /** Builds below that folder, on that machine. */
  public EngineBuilder(Path root, ObjectMapper json, Machine machine) {
    this.root = root;
    this.json = json;
    this.machine = machine;
  }

  /**
   * What was built, or found.
   *
   * @param engine the engine
   * @param reused whether it was there already
   */
  public record Built(Engine engine, boolean reused) {}

  /** Builds the engine of a key, unless it is there. */
  public Built build(String key, EngineSpec spec, Artifact artifact) throws EngineException {
    check(spec, artifact);
    Path target = root.resolve(key);
    EngineStore store = new EngineStore(root, json);
    try {
      Engine found = store.read(target);
      touch(found);
      return new Built(found, true);
    } catch (TornEngineException e) {
      // Whatever is there is what a builder left that was interrupted.
    }
    Path work = EngineDeletion.work(root, key);
    try {
      EngineDeletion.deleteFolder(target);
      EngineDeletion.deleteFolder(work);
      Files.createDirectories(work);
    } catch (IOException e) {
      throw unwritable(e);
    }
    long start = System.nanoTime();
    try {
      OnnxEngine.build(
          artifact.model(),
          work.resolve(MODEL),
          options(spec, artifact.task().map(task -> task.maxLength())));
    } catch (BackendException e) {
      throw new EngineException(
          Reason.ENGINE_FAILED,
          "%s cannot build it: %s".formatted(builder(spec), e.getMessage()),
          e);
    }
    double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
    try {
      commit(
          work,
          new EngineManifest(EngineManifest.SCHEMA_VERSION, key, spec, MODEL, seconds, files(work)),
          target);
      return new Built(store.read(target), false);
    } catch (IOException e) {
      throw unwritable(e);
    } catch (TornEngineException e) {
      throw new EngineException(
          Reason.OUTPUT_NOT_WRITABLE, "what was written cannot be read back: " + e.getMessage(), e);
    }
  }

  private void check(EngineSpec spec, Artifact artifact) throws EngineException {
    Optional<String> digest = artifact.digest();
    if (!digest.equals(Optional.of(spec.model().digest()))) {
      throw invalid(
          "the engine is of the model %s, and the artifact is %s"
              .formatted(spec.model().digest(), digest.orElse("without a digest")));
    }
    String version = OnnxEngine.version();
    if (!version.equals(spec.runtime().onnxRuntime())) {
      throw invalid(
          "the engine is for ONNX Runtime %s, and this image has %s: tell the operator by engines.onnxRuntime of the chart, or use its own server image"
              .formatted(spec.runtime().onnxRuntime(), version));
    }
    Optional<String> refusal = machine.refuses(spec.target());
    if (refusal.isPresent()) {
      throw invalid(
          "the engine cannot be built here, because %s: correct the labels of the node"
              .formatted(refusal.get()));
    }
  }

  private static OnnxEngine.Options options(
      EngineSpec spec, Optional<@Nullable Integer> maxLength) {
    EngineSpec.Range batch = spec.profile().batch();
    EngineSpec.Range length =
        spec.profile().sequenceLength() == null
            ? new EngineSpec.Range(
                1, maxLength.orElse(DEFAULT_LENGTH), maxLength.orElse(DEFAULT_LENGTH))
            : spec.profile().sequenceLength();
    return new OnnxEngine.Options(
        spec.runtime().provider(),
        spec.options(),
        new OnnxEngine.Range(batch.min(), batch.opt(), batch.max()),
        new OnnxEngine.Range(length.min(), length.opt(), length.max()));
  }

  private static String builder(EngineSpec spec) {
    return "TensorRT".equals(spec.runtime().provider()) ? "TensorRT" : "ONNX Runtime";
  }

  private static List<EngineManifest.File> files(Path folder) throws IOException {
    List<EngineManifest.File> files = new ArrayList<>();
    try (Stream<Path> children = Files.list(folder)) {
      for (Path file : children.sorted().toList()) {
        sync(file);
        files.add(
            new EngineManifest.File(
                file.getFileName().toString(), Files.size(file), Digests.sha256(file)));
      }
    }
    return files;
  }

  /** The manifest last, and then the whole folder under its name in one step. */
  private void commit(Path work, EngineManifest manifest, Path target) throws IOException {
    Path file = work.resolve(EngineManifest.NAME);
    Files.write(file, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest));
    sync(file);
    Files.move(work, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** So that eviction sees when it was last asked for; a volume that forbids it is no failure. */
  private static void touch(Engine engine) {
    try {
      Files.setLastModifiedTime(
          engine.folder().resolve(EngineManifest.NAME), FileTime.from(Instant.now()));
    } catch (IOException e) {
      // It is only remembered as older than it is.
    }
  }

  private static EngineException invalid(String sentence) {
    return new EngineException(Reason.CONFIG_INVALID, sentence, null);
  }

  private EngineException unwritable(IOException e) {
    return new EngineException(
        Reason.OUTPUT_NOT_WRITABLE,
        "the engine cannot be written below %s (%s): put the model on a volume that pods may write to"
            .formatted(root, e),
        e);
  }
}
