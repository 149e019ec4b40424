package dev.hone.testing.apiserver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the programs that tests run, and lets them be built where they are missing. */
final class KubeBinaries {

  /** Names a folder that holds the programs already. */
  static final String OVERRIDE = "HONE_KUBE_BIN";

  private KubeBinaries() {}

  /** The folder of etcd, kube-apiserver and kubectl. */
  static Path directory() {
    return directory("etcd", "kube-apiserver", "kubectl");
  }

  /** A folder that holds these programs. */
  static Path directory(String... programs) {
    String override = System.getenv(OVERRIDE);
    if (override != null && !override.isBlank()) {
      return check(Path.of(override), programs);
    }
    Path tools = Repository.root().resolve("cluster/bin/kube-tools");
    return check(Path.of(run(tools.toString(), "--only", String.join(",", programs))), programs);
  }

  private static Path check(Path directory, String... programs) {
    for (String program : programs) {
      if (!Files.isExecutable(directory.resolve(program))) {
        throw new IllegalStateException(
            "no program "
                + program
                + " in "
                + directory
                + ": unset "
                + OVERRIDE
                + ", or name a folder that holds it");
      }
    }
    return directory;
  }

  private static String run(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exit = process.waitFor();
      if (exit != 0) {
        throw new IllegalStateException(String.join(" ", command) + " ended with " + exit);
      }
      return output.strip().lines().reduce("", (first, last) -> last);
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + String.join(" ", command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + command[0] + " ran", e);
    }
  }
}
