package dev.hone.server.triton;

import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes the folder of one model: {@code <name>/config.pbtxt} and {@code <name>/<version>/}, with
 * the artifact's files as they are named there. Hone's own server serves the same folder.
 */
public final class RepositoryWriter {
  private static final Pattern LINE_BREAK = Pattern.compile("\\R");

  private final Path root;
  private final boolean links;

  /**
   * Creates a writer.
   *
   * @param root the repository
   * @param links whether its readers have the artifact under the same path, so that symbolic links
   *     to it will do; otherwise files are hard links, or copies where the file system allows none
   */
  public RepositoryWriter(Path root, boolean links) {
    this.root = root;
    this.links = links;
  }

  /** Names of plans, relative to the folder of the model's version. */
  public static SortedMap<String, String> planNames(SortedMap<String, Path> plans) {
    SortedMap<String, String> names = new TreeMap<>();
    plans.forEach((capability, file) -> names.put(capability, file.getFileName().toString()));
    return names;
  }

  /**
   * Writes the model's folder, in place of what an earlier or interrupted writer left.
   *
   * @param config text of its configuration
   * @param labels names of its classes; no file without any
   * @param plans plans by compute capability
   * @return the model's folder
   * @throws IOException if the repository cannot be written
   */
  public Path write(
      Artifact artifact, String config, List<String> labels, SortedMap<String, Path> plans)
      throws RepositoryException, IOException {
    Path folder = root.resolve(artifact.folder().name());
    Path source = artifact.folder().path().toRealPath();
    Files.createDirectories(root);
    if (source.startsWith(root.toRealPath())) {
      throw new RepositoryException(
          Reason.CONFIG_INVALID,
          "the artifact %s is in the repository that is to be written: write another folder in HONE_TRITON_REPOSITORY"
              .formatted(source));
    }
    Path staging = root.resolve("." + artifact.folder().name());
    delete(staging);
    Path version = Files.createDirectories(staging).resolve(artifact.folder().version());
    if (links && plans.isEmpty()) {
      // As a whole: ONNX Runtime takes weights from the folder of the model alone, links followed.
      Files.createSymbolicLink(version, source);
    } else {
      place(artifact, version);
    }
    for (Path plan : plans.values()) {
      place(plan, version.resolve(plan.getFileName().toString()), false);
    }
    if (!labels.isEmpty()) {
      Files.write(
          staging.resolve(ModelConfigs.LABELS),
          labels.stream().map(label -> LINE_BREAK.matcher(label).replaceAll(" ")).toList());
    }
    Files.writeString(staging.resolve(ModelConfigs.FILE), config);
    delete(folder);
    Files.move(staging, folder, StandardCopyOption.ATOMIC_MOVE);
    return folder;
  }

  private void place(Artifact artifact, Path version) throws IOException {
    Path folder = artifact.folder().path().normalize();
    for (Path file : artifact.files()) {
      place(file, version.resolve(folder.relativize(file.normalize()).toString()), links);
    }
  }

  private static void place(Path source, Path target, boolean symbolic) throws IOException {
    Files.createDirectories(target.getParent());
    if (symbolic) {
      Files.createSymbolicLink(target, source.toAbsolutePath());
      return;
    }
    try {
      Files.createLink(target, source.toRealPath());
    } catch (NoSuchFileException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // Another file system, or somebody else's file.
      Files.copy(source, target);
    }
  }

  /** Deletes a tree, and what its links point at not. */
  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
