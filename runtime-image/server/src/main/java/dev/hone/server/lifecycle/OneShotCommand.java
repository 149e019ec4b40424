package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.engine.EngineException;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.ArtifactVerifier;
import dev.hone.server.repository.ModelFolder;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.repository.RepositoryScanner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A command that does something to files and ends. It reads its settings from the environment,
 * leaves in the termination log what it did or why it could not, and needs neither network nor
 * rights.
 */
abstract class OneShotCommand {
  private static final Logger LOG = Logger.getLogger(OneShotCommand.class);

  /** What is wrong lies in the model or the settings: another try will not help. */
  private static final int EXIT_BAD_INPUT = 64;

  private static final int EXIT_INTERNAL = 1;

  private final String name;
  private final String failure;
  private final Map<String, String> environment;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * Creates the command.
   *
   * @param name the argument that asks for it
   * @param failure what it means if nobody knows why it failed, as a sentence
   * @param environment its settings
   */
  OneShotCommand(String name, String failure, Map<String, String> environment) {
    this.name = name;
    this.failure = failure;
    this.environment = environment;
  }

  /**
   * Does its work; gives the document that says what it did.
   *
   * @throws IOException if what it makes cannot be written
   */
  abstract Map<String, Object> work() throws RepositoryException, EngineException, IOException;

  /** Runs; gives the exit code. */
  public final int run() {
    FailureReport report = FailureReport.of(environment);
    try {
      report.write(work());
      return 0;
    } catch (RepositoryException e) {
      report.write(e.reason().text(), String.valueOf(e.getMessage()));
      return EXIT_BAD_INPUT;
    } catch (EngineException e) {
      report.write(e.reason().text(), String.valueOf(e.getMessage()));
      // A GPU may have been short of memory, or a volume of space.
      return e.reason() == EngineException.Reason.CONFIG_INVALID ? EXIT_BAD_INPUT : EXIT_INTERNAL;
    } catch (IOException e) {
      report.write("OutputNotWritable", failure + ": " + e);
      return EXIT_INTERNAL;
    } catch (RuntimeException | Error e) {
      LOG.error(failure, e);
      report.write("Internal", failure + ": " + e);
      return EXIT_INTERNAL;
    }
  }

  final ObjectMapper json() {
    return json;
  }

  final Map<String, String> environment() {
    return environment;
  }

  final String settingOr(String variable, String otherwise) {
    return environment.getOrDefault(variable, otherwise);
  }

  final String setting(String variable) throws RepositoryException {
    @Nullable String value = environment.get(variable);
    if (value == null || value.isBlank()) {
      throw invalid(name + " needs the environment variable " + variable);
    }
    return value;
  }

  /**
   * The only artifact of the repository of models, its digests checked.
   *
   * @param whyOne what the command makes of it, which is of one model: half a sentence
   * @param digest what its manifest's has to be; whatever it is without one
   */
  final Artifact onlyArtifact(String whyOne, Optional<String> digest) throws RepositoryException {
    Path repository = Path.of(settingOr("HONE_MODEL_REPOSITORY", "/models"));
    List<ModelFolder> folders = new RepositoryScanner().scan(repository);
    if (folders.size() > 1) {
      throw invalid(
          "%s holds %d model versions, and %s: leave one"
              .formatted(repository, folders.size(), whyOne));
    }
    return new ArtifactVerifier(json).verify(folders.getFirst(), digest);
  }

  static RepositoryException invalid(String sentence) {
    return new RepositoryException(Reason.CONFIG_INVALID, sentence);
  }
}
