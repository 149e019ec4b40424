package dev.hone.server.lifecycle;

import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jboss.logging.Logger;
import sun.misc.Signal;

/**
 * The way out: not ready at once, serving on through the drain delay, then what is in flight, then
 * exit 0. Delay and waiting are Quarkus' (quarkus.shutdown.*).
 */
@ApplicationScoped
public class Shutdown {
  private static final Logger LOG = Logger.getLogger(Shutdown.class);

  private final ModelRegistry registry;

  /** Drains that registry. */
  public Shutdown(ModelRegistry registry) {
    this.registry = registry;
  }

  void start(@Observes StartupEvent event) {
    // The virtual machine's own handler would exit with 143, which reads like a kill.
    Signal.handle(new Signal("TERM"), signal -> Quarkus.asyncExit(0));
  }

  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    LOG.info("no longer ready; serving on until the drain delay is over");
    registry.drain();
  }

  void stop(@Observes ShutdownEvent event) {
    registry.drain();
    registry.all().forEach(ServedModel::close);
  }
}
