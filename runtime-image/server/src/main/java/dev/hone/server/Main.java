package dev.hone.server;

import dev.hone.server.lifecycle.AccessFiles;
import dev.hone.server.lifecycle.BuildEngine;
import dev.hone.server.lifecycle.DeleteEngine;
import dev.hone.server.lifecycle.WriteRepository;
import dev.hone.server.router.RouterMode;
import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.jspecify.annotations.NullMarked;

/**
 * Starts the server; with HONE_MODE=router the router; and with the argument build-engine,
 * delete-engine or model-repository what builds or deletes an engine or writes a model repository,
 * and ends.
 */
@QuarkusMain
@NullMarked
public final class Main {
  private Main() {}

  /** Starts what the environment and the arguments ask for. */
  public static void main(String... arguments) {
    Map<String, String> environment = System.getenv();
    Optional<IntSupplier> other =
        other(List.of(arguments), environment).or(() -> new AccessFiles(environment).refusal());
    if (other.isEmpty()) {
      Quarkus.run(arguments);
      return;
    }
    // What the framework does as it starts: without it nothing is ever written.
    InitialConfigurator.DELAYED_HANDLER.addHandler(InitialConfigurator.createDefaultHandler());
    System.exit(other.get().getAsInt());
  }

  /** What is asked for in place of the server. */
  private static Optional<IntSupplier> other(
      List<String> command, Map<String, String> environment) {
    if (command.equals(BuildEngine.COMMAND)) {
      return Optional.of(() -> new BuildEngine(environment).run());
    }
    if (command.equals(DeleteEngine.COMMAND)) {
      return Optional.of(() -> new DeleteEngine(environment).run());
    }
    if (command.equals(WriteRepository.COMMAND)) {
      return Optional.of(() -> new WriteRepository(environment).run());
    }
    return RouterMode.isAskedFor(environment)
        ? new AccessFiles(environment)
            .refusal()
            .or(() -> Optional.of(() -> RouterMode.run(environment)))
        : Optional.empty();
  }
}
