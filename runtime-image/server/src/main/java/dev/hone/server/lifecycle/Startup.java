package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.NoAcceleratorException;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.repository.ArtifactVerifier;
import dev.hone.server.repository.ModelFolder;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.repository.RepositoryScanner;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Loads and warms up the models while the server is already alive, then makes it ready. */
@ApplicationScoped
public class Startup {
  private static final Logger LOG = Logger.getLogger(Startup.class);

  /** What is wrong lies in the model or the settings: another try will not help. */
  private static final int EXIT_BAD_INPUT = 64;

  private static final int EXIT_INTERNAL = 1;

  private final ServerConfig config;
  private final ModelLoader loader;
  private final ModelRegistry registry;
  private final ObjectMapper json;

  /** Starts with those settings. */
  public Startup(
      ServerConfig config, ModelLoader loader, ModelRegistry registry, ObjectMapper json) {
    this.config = config;
    this.loader = loader;
    this.registry = registry;
    this.json = json;
  }

  void start(@Observes StartupEvent event) {
    Thread.ofPlatform().name("model-loader").daemon().start(this::loadOrLeave);
  }

  private void loadOrLeave() {
    FailureReport report = new FailureReport(config.terminationLog(), json);
    try {
      registry.publish(load());
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

  private List<ServedModel> load() throws RepositoryException, NoAcceleratorException {
    List<ModelFolder> folders = new RepositoryScanner().scan(config.modelRepository());
    Optional<String> digest = config.modelDigest().filter(value -> !value.isBlank());
    if (digest.isPresent() && folders.size() > 1) {
      throw new RepositoryException(
          Reason.MODEL_INVALID,
          "HONE_MODEL_DIGEST is set, but %s holds %d model versions: leave one, or unset it"
              .formatted(config.modelRepository(), folders.size()));
    }
    ArtifactVerifier verifier = new ArtifactVerifier(json);
    List<ServedModel> models = new ArrayList<>();
    for (ModelFolder folder : folders) {
      ServedModel model = loader.load(verifier.verify(folder, digest));
      models.add(model);
      warmUp(model);
    }
    return models;
  }

  private void warmUp(ServedModel model) throws RepositoryException {
    try {
      new WarmUp().run(model, config.maxBatch(), config.sequenceLengths().orElse(List.of()));
    } catch (ProtocolException e) {
      throw new RepositoryException(
          Reason.MODEL_INVALID,
          "model '%s' fails its warm-up: %s".formatted(model.name(), e.sentence()),
          e);
    }
  }
}
