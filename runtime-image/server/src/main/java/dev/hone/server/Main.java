package dev.hone.server;

import dev.hone.server.lifecycle.BuildEngine;
import dev.hone.server.lifecycle.DeleteEngine;
import dev.hone.server.router.RouterMode;
import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;

/**
 * Starts the server; with HONE_MODE=router the router; and with the argument build-engine or
 * delete-engine what builds or deletes an engine and ends.
 */
@QuarkusMain
@NullMarked
public final class Main {
  private Main() {}

  /** Starts what the environment and the arguments ask for. */
  public static void main(String... arguments) {
    Map<String, String> environment = System.getenv();
    List<String> command = List.of(arguments);
    boolean building = command.equals(BuildEngine.COMMAND);
    boolean deleting = command.equals(DeleteEngine.COMMAND);
    if (!building && !deleting && !RouterMode.isAskedFor(environment)) {
      Quarkus.run(arguments);
      return;
    }
    // What the framework does as it starts: without it nothing is ever written.
    InitialConfigurator.DELAYED_HANDLER.addHandler(InitialConfigurator.createDefaultHandler());
    System.exit(
        building
            ? new BuildEngine(environment).run()
            : deleting ? new DeleteEngine(environment).run() : RouterMode.run(environment));
  }
}
