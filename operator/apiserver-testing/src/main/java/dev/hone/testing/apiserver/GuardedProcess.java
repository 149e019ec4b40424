package dev.hone.testing.apiserver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program that ends with the JVM, however that ends, and writes what it says into a file. */
final class GuardedProcess implements AutoCloseable {

  private static final String GUARD = "run-until-stdin-closes.sh";

  private final String name;
  private final Process process;
  private final Path log;

  private GuardedProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  static GuardedProcess start(Path directory, Path program, List<String> arguments)
      throws IOException {
    Path guard = directory.resolve(GUARD);
    if (!Files.exists(guard)) {
      try (InputStream script = GuardedProcess.class.getResourceAsStream(GUARD)) {
        if (script == null) {
          throw new IllegalStateException("no resource " + GUARD);
        }
        Files.copy(script, guard);
      }
    }
    String name = String.valueOf(program.getFileName());
    Path log = directory.resolve(name + ".log");
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", guard.toString(), program.toString()));
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()))
            .start();
    return new GuardedProcess(name, process, log);
  }

  /** Throws with the last lines that the program wrote if it is gone. */
  void requireAlive() {
    if (!process.isAlive()) {
      throw new IllegalStateException(name + " has ended:\n" + lastLines());
    }
  }

  String lastLines() {
    return LogFile.lastLines(log);
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      process.waitFor();
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
