package dev.hone.server.lifecycle;

import dev.hone.server.repository.RepositoryException;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** A command that does something with one engine and ends. */
abstract class EngineCommand extends OneShotCommand {
  private static final Pattern KEY = Pattern.compile("[a-z0-9][-a-z0-9]{0,62}");

  /** Creates the command; parameters as {@link OneShotCommand} has them. */
  EngineCommand(String name, String failure, Map<String, String> environment) {
    super(name, failure, environment);
  }

  /** The engine's key, which names its folder. */
  final String key() throws RepositoryException {
    String key = setting("HONE_ENGINE_KEY");
    if (!KEY.matcher(key).matches()) {
      throw invalid("HONE_ENGINE_KEY '%s' is no name of a folder".formatted(key));
    }
    return key;
  }

  /** The folder of engines. */
  final Path engines() throws RepositoryException {
    return Path.of(setting("HONE_ENGINES"));
  }
}
