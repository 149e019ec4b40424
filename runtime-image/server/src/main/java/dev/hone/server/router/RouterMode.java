package dev.hone.server.router;

import dev.hone.server.tracing.Tracing;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jboss.logging.Logger;
import sun.misc.Signal;

/** The process as a router. */
public final class RouterMode {
  private static final Logger LOG = Logger.getLogger(RouterMode.class);

  /** Another try will not help: the settings or the configuration are at fault. */
  private static final int EXIT_BAD_INPUT = 64;

  private RouterMode() {}

  /** Whether the environment asks for it. */
  public static boolean isAskedFor(Map<String, String> environment) {
    return "router".equals(environment.get("HONE_MODE"));
  }

  /** Runs until SIGTERM, and gives the exit code. */
  public static int run(Map<String, String> environment) {
    Router router;
    try {
      router = Router.start(RouterSettings.of(environment), Tracing.of(environment, "hone-router"));
    } catch (IllegalArgumentException e) {
      LOG.error(e.getMessage());
      return EXIT_BAD_INPUT;
    }
    var leave = new CountDownLatch(1);
    Signal.handle(new Signal("TERM"), signal -> leave.countDown());
    Signal.handle(new Signal("INT"), signal -> leave.countDown());
    try {
      leave.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    router.drain();
    return 0;
  }
}
