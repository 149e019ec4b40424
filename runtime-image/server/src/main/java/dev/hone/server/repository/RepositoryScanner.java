package dev.hone.server.repository;

import dev.hone.server.repository.RepositoryException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the model versions in a repository that is laid out as Triton's. */
public final class RepositoryScanner {
  private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,17}");

  /** The model versions below that folder, by name, then by version. */
  public List<ModelFolder> scan(Path root) throws RepositoryException {
    if (!Files.isDirectory(root)) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND,
          "the model repository %s is not a folder: mount one, or name another with HONE_MODEL_REPOSITORY"
              .formatted(root));
    }
    List<ModelFolder> found = new ArrayList<>();
    for (Path model : folders(root)) {
      for (Path version : folders(model)) {
        String name = version.getFileName().toString();
        if (VERSION.matcher(name).matches()) {
          found.add(new ModelFolder(model.getFileName().toString(), name, version));
        }
      }
    }
    if (found.isEmpty()) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND,
          "the model repository %s holds no model: put one at <name>/<version>/, such as spam/1/"
              .formatted(root));
    }
    found.sort(
        Comparator.comparing(ModelFolder::name)
            .thenComparing(folder -> Long.parseLong(folder.version())));
    return found;
  }

  private static List<Path> folders(Path parent) throws RepositoryException {
    try (Stream<Path> children = Files.list(parent)) {
      return children
          // Kubernetes and file systems keep their own folders beside ours (..data, lost+found).
          .filter(child -> !child.getFileName().toString().startsWith("."))
          .filter(child -> !child.getFileName().toString().equals("lost+found"))
          .filter(Files::isDirectory)
          .toList();
    } catch (IOException e) {
      throw new RepositoryException(
          Reason.MODEL_NOT_FOUND, "the folder %s cannot be read: %s".formatted(parent, e), e);
    }
  }
}
