package dev.hone.server.engine;

import dev.hone.server.engine.EngineException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Deletes an engine below a folder, and nothing else. */
public final class EngineDeletion {
  private final Path root;

  /** Deletes below that folder. */
  public EngineDeletion(Path root) {
    this.root = root;
  }

  /**
   * Deletes the engine of a key, and what an interrupted builder left of it. What is not there is
   * as good as deleted.
   *
   * @throws EngineException CONFIG_INVALID for what no builder has made, OUTPUT_NOT_WRITABLE if the
   *     volume refuses
   */
  public void delete(String key) throws EngineException {
    List<Path> folders = List.of(root.resolve(key), work(root, key));
    for (Path folder : folders) {
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)
          && !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw new EngineException(
            Reason.CONFIG_INVALID,
            "%s is no folder, so that no engine is in it; remove it yourself".formatted(folder),
            null);
      }
    }
    try {
      for (Path folder : folders) {
        deleteFolder(folder);
      }
      deleteIfEmpty(root);
    } catch (IOException e) {
      throw new EngineException(
          Reason.OUTPUT_NOT_WRITABLE,
          "the engine %s cannot be deleted below %s (%s); delete it yourself"
              .formatted(key, root, e),
          e);
    }
  }

  /** Where an engine is while it is being built. */
  static Path work(Path root, String key) {
    return root.resolve("." + key);
  }

  /** Deletes a folder of an engine; links in it are not followed. */
  static void deleteFolder(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    // Without its manifest it is no engine any more, whenever this is interrupted.
    Files.deleteIfExists(folder.resolve(EngineManifest.NAME));
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> children = Files.list(folder)) {
      if (children.findAny().isPresent()) {
        return;
      }
    }
    Files.delete(folder);
  }
}
