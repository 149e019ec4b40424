package dev.hone.server.lifecycle;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.hone.server.engine.Engine;
import dev.hone.server.engine.EngineBuilder;
import dev.hone.server.engine.EngineException;
import dev.hone.server.engine.EngineSpec;
import dev.hone.server.engine.Machine;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.RepositoryException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The command that builds one engine: it reads the only model of the repository, writes below the
 * folder of engines.
 */
public final class BuildEngine extends EngineCommand {
  private static final String NAME = "build-engine";

  /** The arguments that ask for it. */
  public static final List<String> COMMAND = List.of(NAME);

  private static final Logger LOG = Logger.getLogger(BuildEngine.class);

  /** Reads its settings from that environment. */
  public BuildEngine(Map<String, String> environment) {
    super(NAME, "the engine could not be built", environment);
  }

  @Override
  Map<String, Object> work() throws RepositoryException, EngineException {
    EngineBuilder.Built built = build();
    LOG.infof(
        built.reused() ? "engine %s is there already" : "engine %s is built",
        built.engine().manifest().key());
    return document(built);
  }

  private EngineBuilder.Built build() throws RepositoryException, EngineException {
    String key = key();
    EngineSpec spec = spec();
    Artifact artifact = onlyArtifact("an engine is of one", Optional.of(spec.model().digest()));
    return new EngineBuilder(engines(), json(), Machine.here()).build(key, spec, artifact);
  }

  private EngineSpec spec() throws RepositoryException {
    try {
      EngineSpec spec = json().readValue(setting("HONE_ENGINE_SPEC"), EngineSpec.class);
      if (spec.model() == null
          || spec.runtime() == null
          || spec.target() == null
          || spec.profile() == null) {
        throw invalid("HONE_ENGINE_SPEC needs model, runtime, target and profile");
      }
      return spec;
    } catch (JsonProcessingException e) {
      throw invalid(
          "HONE_ENGINE_SPEC cannot be read (%s): write the spec of an EngineBuild as JSON"
              .formatted(e.getOriginalMessage()));
    }
  }

  private static Map<String, Object> document(EngineBuilder.Built built) {
    Engine engine = built.engine();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("engine", engine.manifest().key());
    document.put("digest", engine.digest());
    document.put("sizeBytes", engine.manifest().sizeBytes());
    document.put("buildSeconds", engine.manifest().buildSeconds());
    document.put("reused", built.reused());
    return document;
  }
}
