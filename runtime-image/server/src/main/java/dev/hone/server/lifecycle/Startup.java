package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.NoAcceleratorException;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.grpc.GrpcServer;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import org.jboss.logging.Logger;

/** Loads and warms up the models while the server is already alive, then makes it ready. */
@ApplicationScoped
public class Startup {
  private static final Logger LOG = Logger.getLogger(Startup.class);

  /** What is wrong lies in the model or the settings: another try will not help. */
  private static final int EXIT_BAD_INPUT = 64;

  private static final int EXIT_INTERNAL = 1;

  private final ServerConfig config;
  private final RepositoryControl models;
  private final ModelRegistry registry;
  private final GrpcServer calls;
  private final ObjectMapper json;

  /** Starts with those settings. */
  public Startup(
      ServerConfig config,
      RepositoryControl models,
      ModelRegistry registry,
      GrpcServer calls,
      ObjectMapper json) {
    this.config = config;
    this.models = models;
    this.registry = registry;
    this.calls = calls;
    this.json = json;
  }

  void start(@Observes StartupEvent event) {
    Thread.ofPlatform().name("model-loader").daemon().start(this::loadOrLeave);
  }

  private void loadOrLeave() {
    FailureReport report = new FailureReport(config.terminationLog(), json);
    try {
      List<ServedModel> loaded = models.loadAll();
      calls.awaitWarm();
      registry.publish(loaded);
      LOG.info("ready");
    } catch (NoAcceleratorException e) {
      // It stays alive and unready: the answer of its readiness probe is where to read why.
      LOG.error(e.getMessage());
      registry.refuse(String.valueOf(e.getMessage()));
    } catch (RepositoryException e) {
      report.write(e.reason().text(), String.valueOf(e.getMessage()));
      Quarkus.asyncExit(EXIT_BAD_INPUT);
    } catch (RuntimeException | Error e) {
      LOG.error("the models could not be loaded", e);
      report.write("Internal", "the models could not be loaded: " + e);
      Quarkus.asyncExit(EXIT_INTERNAL);
    }
  }
}
