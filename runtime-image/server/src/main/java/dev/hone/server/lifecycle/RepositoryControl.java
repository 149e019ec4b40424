package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.NoAcceleratorException;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.protocol.ModelIndexEntry;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.repository.ArtifactVerifier;
import dev.hone.server.repository.ModelFolder;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.repository.RepositoryScanner;
import dev.hone.server.serving.ModelControl;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** The repository on disk and the models that are served of it. */
@ApplicationScoped
public class RepositoryControl implements ModelControl {
  private static final Logger LOG = Logger.getLogger(RepositoryControl.class);

  /** Models here depend on no other, so this parameter changes nothing and may be given. */
  private static final String UNLOAD_DEPENDENTS = "unload_dependents";

  private final ServerConfig config;
  private final ModelLoader loader;
  private final ModelRegistry registry;
  private final ObjectMapper json;
  private final Set<String> unloaded = new ConcurrentSkipListSet<>();

  /** Controls that registry's models. */
  public RepositoryControl(
      ServerConfig config, ModelLoader loader, ModelRegistry registry, ObjectMapper json) {
    this.config = config;
    this.loader = loader;
    this.registry = registry;
    this.json = json;
  }

  /**
   * Loads and warms up everything in the repository.
   *
   * @throws NoAcceleratorException if a model would run on the CPU, which the settings refuse
   */
  List<ServedModel> loadAll() throws RepositoryException, NoAcceleratorException {
    List<ServedModel> models = loadWarm(new RepositoryScanner().scan(config.modelRepository()));
    models.forEach(loader::publish);
    return models;
  }

  private List<ServedModel> loadWarm(List<ModelFolder> folders)
      throws RepositoryException, NoAcceleratorException {
    Optional<String> digest = config.modelDigest().filter(value -> !value.isBlank());
    if (digest.isPresent() && folders.size() > 1) {
      throw new RepositoryException(
          Reason.MODEL_INVALID,
          "HONE_MODEL_DIGEST is set, but %s holds %d model versions: leave one, or unset it"
              .formatted(config.modelRepository(), folders.size()));
    }
    ArtifactVerifier verifier = new ArtifactVerifier(json);
    List<ServedModel> models = new ArrayList<>();
    try {
      for (ModelFolder folder : folders) {
        ServedModel model = loader.load(verifier.verify(folder, digest));
        models.add(model);
        warmUp(model);
      }
    } catch (RepositoryException | NoAcceleratorException | RuntimeException e) {
      models.forEach(ServedModel::close);
      throw e;
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

  @Override
  public List<ModelIndexEntry> index(boolean ready) {
    List<ModelIndexEntry> entries = new ArrayList<>();
    Set<String> loaded = new TreeSet<>();
    for (ServedModel model : registry.all()) {
      loaded.add(model.name());
      entries.add(new ModelIndexEntry(model.name(), model.version(), "READY", ""));
    }
    if (!ready) {
      for (ModelFolder folder : folders()) {
        if (!loaded.contains(folder.name())) {
          entries.add(notLoaded(folder));
        }
      }
    }
    entries.sort(
        Comparator.comparing(ModelIndexEntry::name)
            .thenComparing(entry -> Long.parseLong(entry.version())));
    return entries;
  }

  private ModelIndexEntry notLoaded(ModelFolder folder) {
    boolean starting = !registry.ready() && !registry.draining() && registry.refusal().isEmpty();
    return new ModelIndexEntry(
        folder.name(),
        folder.version(),
        starting ? "LOADING" : "UNAVAILABLE",
        unloaded.contains(folder.name()) ? "unloaded" : "");
  }

  private List<ModelFolder> folders() {
    try {
      return new RepositoryScanner().scan(config.modelRepository());
    } catch (RepositoryException gone) {
      LOG.debugf("the repository cannot be listed: %s", gone.getMessage());
      return List.of();
    }
  }

  @Override
  public synchronized void load(String model, Collection<String> parameters) {
    requireControl(parameters);
    List<ModelFolder> versions =
        folders().stream().filter(folder -> folder.name().equals(model)).toList();
    if (versions.isEmpty()) {
      throw ProtocolException.badRequest(
          "failed to load '%s': the repository has no such model; put it at %s/1/ there"
              .formatted(model, model));
    }
    List<ServedModel> now;
    try {
      now = loadWarm(versions);
    } catch (RepositoryException | NoAcceleratorException e) {
      throw ProtocolException.badRequest(
          "failed to load '%s': %s".formatted(model, e.getMessage()));
    }
    List<ServedModel> before = registry.put(model, now);
    unloaded.remove(model);
    before.forEach(ServedModel::close);
    now.forEach(loader::publish);
    // A version that is there again goes on with its histograms.
    Set<String> versionsNow = now.stream().map(ServedModel::version).collect(Collectors.toSet());
    before.stream().filter(gone -> !versionsNow.contains(gone.version())).forEach(loader::forget);
    LOG.infof("loaded model '%s'", model);
  }

  @Override
  public synchronized void unload(String model, Collection<String> parameters) {
    requireControl(parameters);
    List<ServedModel> before = registry.remove(model);
    if (before.isEmpty()) {
      throw ProtocolException.badRequest(
          "failed to unload '%s': it is not loaded".formatted(model));
    }
    unloaded.add(model);
    before.forEach(
        version -> {
          version.close();
          loader.forget(version);
        });
    LOG.infof("unloaded model '%s'", model);
  }

  private void requireControl(Collection<String> parameters) {
    if (!config.modelControl()) {
      throw ProtocolException.unavailable(
          "explicit model load / unload is not allowed: set HONE_MODEL_CONTROL=true where every"
              + " client may change what is served");
    }
    if (!registry.ready()) {
      throw ProtocolException.unavailable(
          "models can be loaded and unloaded while the server is ready, and it is not now");
    }
    for (String name : parameters) {
      if (!name.equals(UNLOAD_DEPENDENTS)) {
        throw ProtocolException.badRequest(
            "parameter '%s' is not supported: models are loaded as the repository has them"
                .formatted(name));
      }
    }
  }
}
