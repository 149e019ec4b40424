package dev.hone.server;

import dev.hone.server.router.RouterMode;
import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.Map;
import org.jspecify.annotations.NullMarked;

/** Starts the server, or, with HONE_MODE=router, the router. */
@QuarkusMain
@NullMarked
public final class Main {
  private Main() {}

  /** Starts what the environment asks for. */
  public static void main(String... arguments) {
    Map<String, String> environment = System.getenv();
    if (!RouterMode.isAskedFor(environment)) {
      Quarkus.run(arguments);
      return;
    }
    // What the framework does as it starts: without it nothing is ever written.
    InitialConfigurator.DELAYED_HANDLER.addHandler(InitialConfigurator.createDefaultHandler());
    System.exit(RouterMode.run(environment));
  }
}
