package dev.hone.testing.apiserver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds etcd, kube-apiserver and kubectl, and lets them be built where they are missing. */
final class KubeBinaries {

  /** Names a folder that holds the programs already. */
  static final String OVERRIDE = "HONE_KUBE_BIN";

  private KubeBinaries() {}

  static Path directory() {
    String override = System.getenv(OVERRIDE);
    if (override != null && !override.isBlank()) {
      return check(Path.of(override));
    }
    Path tools = Repository.root().resolve("cluster/bin/kube-tools");
    return check(Path.of(run(tools.toString(), "--only", "etcd,kube-apiserver,kubectl")));
  }

  private static Path check(Path directory) {
    for (String program : new String[] {"etcd", "kube-apiserver", "kubectl"}) {
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
