package dev.hone.server.lifecycle;

import dev.hone.server.engine.EngineDeletion;
import dev.hone.server.engine.EngineException;
import dev.hone.server.repository.RepositoryException;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;

/** The command that deletes one engine below the folder of engines. */
public final class DeleteEngine extends EngineCommand {
  private static final String NAME = "delete-engine";

  /** The arguments that ask for it. */
  public static final List<String> COMMAND = List.of(NAME);

  private static final Logger LOG = Logger.getLogger(DeleteEngine.class);

  /** Reads its settings from that environment. */
  public DeleteEngine(Map<String, String> environment) {
    super(NAME, "the engine could not be deleted", environment);
  }

  @Override
  Map<String, Object> work() throws RepositoryException, EngineException {
    String key = key();
    new EngineDeletion(engines()).delete(key);
    LOG.infof("engine %s is deleted", key);
    return Map.of("engine", key);
  }
}
