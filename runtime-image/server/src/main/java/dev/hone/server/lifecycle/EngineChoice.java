package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.OnnxEngine;
import dev.hone.server.engine.Engine;
import dev.hone.server.engine.EngineStore;
import dev.hone.server.engine.Machine;
import dev.hone.server.repository.Artifact;
import java.nio.file.Path;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Finds the engine to load in place of a model, if one fits. */
final class EngineChoice {
  private static final Logger LOG = Logger.getLogger(EngineChoice.class);

  private final Optional<Path> engines;
  private final ObjectMapper json;

  EngineChoice(Optional<Path> engines, ObjectMapper json) {
    this.engines = engines;
    this.json = json;
  }

  /** The engine of a model for this machine; without a digest nothing can be told to be of it. */
  Optional<Engine> of(Artifact artifact) {
    if (engines.isEmpty() || artifact.digest().isEmpty()) {
      return Optional.empty();
    }
    Optional<Engine> found =
        new EngineStore(engines.get(), json)
            .find(artifact.digest().get(), OnnxEngine.version(), Machine.here());
    if (found.isEmpty()) {
      LOG.warnf(
          "model '%s' has no engine below %s that fits: the model itself is loaded",
          artifact.folder().name(), engines.get());
    }
    return found;
  }
}
