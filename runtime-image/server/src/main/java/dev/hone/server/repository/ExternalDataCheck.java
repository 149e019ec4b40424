package dev.hone.server.repository;

import dev.hone.server.repository.RepositoryException.Reason;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Lets a model take weights only from files that belong to its artifact: ONNX Runtime would read
 * whatever file of the pod an ONNX file names.
 */
final class ExternalDataCheck {
  private final ModelFolder folder;

  ExternalDataCheck(ModelFolder folder) {
    this.folder = folder;
  }

  /**
   * The files that the model takes weights from; refuses it if it names another than those.
   *
   * @param belongs whether a path, relative to the artifact's folder, is one of its files
   */
  List<Path> verify(Path model, Predicate<String> belongs) throws RepositoryException {
    Path root = folder.path().normalize();
    List<Path> files = new ArrayList<>();
    for (String location : locations(model)) {
      Path file = resolve(model, location);
      if (!file.startsWith(root)) {
        throw refusal(model, location, "which is outside of the artifact");
      }
      if (!belongs.test(root.relativize(file).toString())) {
        throw refusal(model, location, "which is not one of the artifact's files");
      }
      files.add(file);
    }
    return files;
  }

  private Path resolve(Path model, String location) throws RepositoryException {
    try {
      return model.resolveSibling(location).normalize();
    } catch (InvalidPathException e) {
      throw refusal(model, location, "which is no path");
    }
  }

  private RepositoryException refusal(Path model, String location, String why) {
    return new RepositoryException(
        Reason.ARTIFACT_CORRUPT,
        "'%s' of model '%s' takes weights from '%s', %s: export it with its weights inside, or in a file beside it that manifest.json lists"
            .formatted(model.getFileName(), folder.name(), location, why));
  }

  private Iterable<String> locations(Path model) throws RepositoryException {
    try {
      return ExternalData.locations(model);
    } catch (IOException e) {
      throw new RepositoryException(
          Reason.MODEL_INVALID,
          "'%s' of model '%s' is not an ONNX file (%s): export it again"
              .formatted(model.getFileName(), folder.name(), e.getMessage()),
          e);
    }
  }
}
