package dev.hone.server.lifecycle;

import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import dev.hone.server.tracing.Tracing;
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
  private final Tracing tracing;

  /** Drains that registry, and sends the last traces. */
  public Shutdown(ModelRegistry registry, Tracing tracing) {
    this.registry = registry;
    this.tracing = tracing;
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
    tracing.close();
  }
}
