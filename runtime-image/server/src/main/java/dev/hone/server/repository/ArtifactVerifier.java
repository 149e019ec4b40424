package dev.hone.server.repository;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.repository.RepositoryException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Checks every digest of an artifact before anything of it is loaded. */
public final class ArtifactVerifier {
  private static final Logger LOG = Logger.getLogger(ArtifactVerifier.class);
  private static final String MANIFEST = "manifest.json";
  private static final String DEFAULT_MODEL = "model.onnx";

  /** Formats that run code when they are read; they have no business in a served artifact. */
  private static final Set<String> UNSAFE =
      Set.of(".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt", ".joblib");

  private final ObjectMapper json;

  /** Reads manifests with that mapper. */
  public ArtifactVerifier(ObjectMapper json) {
    this.json = json;
  }

  /**
   * The artifact in that folder, once all its digests are right.
   *
   * @param expected the digest that the artifact must have, if any is asked for
   */
  public Artifact verify(ModelFolder folder, Optional<String> expected) throws RepositoryException {
    Path manifestFile = folder.path().resolve(MANIFEST);
    if (!Files.isRegularFile(manifestFile)) {
      return withoutManifest(folder, expected);
    }
    byte[] bytes = read(manifestFile);
    String digest = "sha256:" + Digests.sha256(bytes);
    if (expected.isPresent() && !expected.get().equals(digest)) {
      throw corrupt(
          "%s of model '%s' has digest %s, but %s is expected: the artifact was replaced or damaged, so deploy the digest that is there, or write the artifact again"
              .formatted(MANIFEST, folder.name(), digest, expected.get()));
    }
    Manifest manifest = parse(bytes, folder);
    List<Manifest.File> files = manifest.files() == null ? List.of() : manifest.files();
    for (Manifest.File file : files) {
      verify(folder, file);
    }
    Path model = model(folder, manifest, files);
    new ExternalDataCheck(folder).verify(model, path -> listed(files, path) && !unsafe(path));
    List<Path> verified =
        Stream.concat(
                Stream.of(MANIFEST),
                files.stream().map(Manifest.File::path).filter(path -> !unsafe(path)))
            .distinct()
            .map(path -> folder.path().resolve(path).normalize())
            .toList();
    return new Artifact(
        folder,
        Optional.of(digest),
        model,
        verified,
        companion(folder, files, "tokenizer.json"),
        companion(folder, files, "config.json"),
        Optional.ofNullable(manifest.task()));
  }

  private Manifest parse(byte[] bytes, ModelFolder folder) throws RepositoryException {
    try {
      Manifest manifest = json.readValue(bytes, Manifest.class);
      if (manifest.schemaVersion() != 1) {
        throw new RepositoryException(
            Reason.UNSUPPORTED,
            "%s of model '%s' has schemaVersion %d, but this server reads 1: serve it with the server of its version"
                .formatted(MANIFEST, folder.name(), manifest.schemaVersion()));
      }
      if (!"ONNX".equals(manifest.format())) {
        throw new RepositoryException(
            Reason.UNSUPPORTED,
            "model '%s' has format %s, but this server runs ONNX: export it with a CompressionJob"
                .formatted(folder.name(), manifest.format()));
      }
      return manifest;
    } catch (JsonProcessingException e) {
      throw corrupt(
          "%s of model '%s' is not a manifest (%s): write the artifact again"
              .formatted(MANIFEST, folder.name(), e.getOriginalMessage()));
    } catch (IOException e) {
      throw new IllegalStateException("reading from memory failed", e);
    }
  }

  private static void verify(ModelFolder folder, Manifest.File file) throws RepositoryException {
    Path path = folder.path().resolve(file.path()).normalize();
    if (!path.startsWith(folder.path().normalize())) {
      throw corrupt(
          "%s of model '%s' lists '%s', which is outside of the artifact: write the artifact again"
              .formatted(MANIFEST, folder.name(), file.path()));
    }
    if (unsafe(file.path())) {
      LOG.warnf(
          "model '%s' lists '%s', a format that can run code: it is never read",
          folder.name(), file.path());
      return;
    }
    if (!Files.isRegularFile(path)) {
      throw corrupt(
          "file '%s' of model '%s' is missing: expected sha256 %s, found nothing; write the artifact again"
              .formatted(file.path(), folder.name(), file.sha256()));
    }
    String found = sha256(path);
    if (!found.equals(file.sha256())) {
      throw corrupt(
          "file '%s' of model '%s' is corrupt: expected sha256 %s, found %s; write the artifact again"
              .formatted(file.path(), folder.name(), file.sha256(), found));
    }
  }

  private static Path model(ModelFolder folder, Manifest manifest, List<Manifest.File> files)
      throws RepositoryException {
    @Nullable String modelPath = manifest.modelPath();
    String path = modelPath == null ? DEFAULT_MODEL : modelPath;
    if (!listed(files, path)) {
      throw corrupt(
          "%s of model '%s' does not list its model file '%s': write the artifact again"
              .formatted(MANIFEST, folder.name(), path));
    }
    requireSafe(folder, path);
    return folder.path().resolve(path);
  }

  private static Artifact withoutManifest(ModelFolder folder, Optional<String> expected)
      throws RepositoryException {
    if (expected.isPresent()) {
      throw corrupt(
          "model '%s' has no %s, but digest %s is expected: its write did not finish, or the folder is not an artifact"
              .formatted(folder.name(), MANIFEST, expected.get()));
    }
    Path model = folder.path().resolve(DEFAULT_MODEL);
    if (!Files.isRegularFile(model)) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND,
          "folder %s holds neither %s nor %s: put an artifact or an ONNX model there"
              .formatted(folder.path(), MANIFEST, DEFAULT_MODEL));
    }
    // Unverified as the model itself, but of this folder and no link to somewhere else.
    List<Path> weights =
        new ExternalDataCheck(folder)
            .verify(
                model,
                path ->
                    Files.isRegularFile(folder.path().resolve(path), LinkOption.NOFOLLOW_LINKS));
    LOG.warnf("model '%s' has no %s: its files are served unverified", folder.name(), MANIFEST);
    return new Artifact(
        folder,
        Optional.empty(),
        model,
        Stream.concat(Stream.of(model), weights.stream()).toList(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** A file beside the model, if the manifest vouches for it. */
  private static Optional<Path> companion(
      ModelFolder folder, List<Manifest.File> files, String name) {
    return listed(files, name) ? Optional.of(folder.path().resolve(name)) : Optional.empty();
  }

  private static void requireSafe(ModelFolder folder, String path) throws RepositoryException {
    if (unsafe(path)) {
      throw new RepositoryException(
          Reason.UNSUPPORTED,
          "model '%s' is the file '%s', a format that can run code when read: export it as ONNX"
              .formatted(folder.name(), path));
    }
  }

  private static boolean unsafe(String path) {
    String lower = path.toLowerCase(Locale.ROOT);
    return UNSAFE.stream().anyMatch(lower::endsWith);
  }

  private static boolean listed(List<Manifest.File> files, String path) {
    return files.stream().anyMatch(file -> file.path().equals(path));
  }

  private static byte[] read(Path file) throws RepositoryException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND, "file %s cannot be read: %s".formatted(file, e), e);
    }
  }

  private static String sha256(Path file) throws RepositoryException {
    try {
      return Digests.sha256(file);
    } catch (IOException e) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND, "file %s cannot be read: %s".formatted(file, e), e);
    }
  }

  private static RepositoryException corrupt(String sentence) {
    return new RepositoryException(Reason.ARTIFACT_CORRUPT, sentence);
  }
}
