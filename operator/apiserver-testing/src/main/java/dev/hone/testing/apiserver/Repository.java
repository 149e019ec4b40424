package dev.hone.testing.apiserver;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the folders of this repository from wherever a test runs. */
public final class Repository {

  private Repository() {}

  /** The folder that holds the whole repository. */
  public static Path root() {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      if (Files.isDirectory(folder.resolve("operator/api"))
          && Files.isRegularFile(folder.resolve("pom.xml"))) {
        return folder;
      }
    }
    throw new IllegalStateException("not inside the repository: " + Path.of("").toAbsolutePath());
  }

  /** The folder of the generated CustomResourceDefinitions. */
  public static Path crds() {
    return root().resolve("crds");
  }
}
