package dev.hone.server.lifecycle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.engine.Engine;
import dev.hone.server.engine.EngineBuilder;
import dev.hone.server.engine.EngineException;
import dev.hone.server.engine.EngineSpec;
import dev.hone.server.engine.Machine;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.ArtifactVerifier;
import dev.hone.server.repository.ModelFolder;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.repository.RepositoryScanner;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The command that builds one engine: it reads the only model of the repository, writes below the
 * folder of engines, and leaves in the termination log what it made or why it could not. It needs
 * neither network nor rights.
 */
public final class BuildEngine {
  /** The arguments that ask for it. */
  public static final List<String> COMMAND = List.of("build-engine");

  private static final Logger LOG = Logger.getLogger(BuildEngine.class);
  private static final Pattern KEY = Pattern.compile("[a-z0-9][-a-z0-9]{0,62}");

  /** What is wrong lies in the model or the settings: another try will not help. */
  private static final int EXIT_BAD_INPUT = 64;

  private static final int EXIT_INTERNAL = 1;

  private final Map<String, String> environment;
  private final ObjectMapper json = new ObjectMapper();

  /** Reads its settings from that environment. */
  public BuildEngine(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Builds; gives the exit code. */
  public int run() {
    FailureReport report =
        new FailureReport(
            Path.of(environment.getOrDefault("HONE_TERMINATION_LOG", "/dev/termination-log")),
            json);
    try {
      EngineBuilder.Built built = build();
      report.write(document(built));
      LOG.infof(
          built.reused() ? "engine %s is there already" : "engine %s is built",
          built.engine().manifest().key());
      return 0;
    } catch (RepositoryException e) {
      report.write(e.reason().text(), String.valueOf(e.getMessage()));
      return EXIT_BAD_INPUT;
    } catch (EngineException e) {
      report.write(e.reason().text(), String.valueOf(e.getMessage()));
      // A GPU may have been short of memory, or a volume of space.
      return e.reason() == EngineException.Reason.CONFIG_INVALID ? EXIT_BAD_INPUT : EXIT_INTERNAL;
    } catch (RuntimeException | Error e) {
      LOG.error("the engine could not be built", e);
      report.write("Internal", "the engine could not be built: " + e);
      return EXIT_INTERNAL;
    }
  }

  private EngineBuilder.Built build() throws RepositoryException, EngineException {
    String key = setting("HONE_ENGINE_KEY");
    if (!KEY.matcher(key).matches()) {
      throw invalid("HONE_ENGINE_KEY '%s' is no name of a folder".formatted(key));
    }
    EngineSpec spec = spec();
    Path repository = Path.of(environment.getOrDefault("HONE_MODEL_REPOSITORY", "/models"));
    List<ModelFolder> folders = new RepositoryScanner().scan(repository);
    if (folders.size() > 1) {
      throw invalid(
          "%s holds %d model versions, and an engine is of one: leave one"
              .formatted(repository, folders.size()));
    }
    Artifact artifact =
        new ArtifactVerifier(json).verify(folders.getFirst(), Optional.of(spec.model().digest()));
    return new EngineBuilder(Path.of(setting("HONE_ENGINES")), json, Machine.here())
        .build(key, spec, artifact);
  }

  private EngineSpec spec() throws RepositoryException {
    try {
      EngineSpec spec = json.readValue(setting("HONE_ENGINE_SPEC"), EngineSpec.class);
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

  private String setting(String name) throws RepositoryException {
    @Nullable String value = environment.get(name);
    if (value == null || value.isBlank()) {
      throw invalid("build-engine needs the environment variable " + name);
    }
    return value;
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

  private static RepositoryException invalid(String sentence) {
    return new RepositoryException(Reason.CONFIG_INVALID, sentence);
  }
}
