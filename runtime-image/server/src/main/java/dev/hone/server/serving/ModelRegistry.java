package dev.hone.server.serving;

import dev.hone.server.inference.InferenceException;
import dev.hone.server.protocol.ModelMetadata;
import dev.hone.server.protocol.ModelStats;
import dev.hone.server.protocol.ProtocolException;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The models that are being served, and whether the server as a whole is ready. */
@ApplicationScoped
public class ModelRegistry {
  private enum State {
    STARTING,
    READY,
    DRAINING
  }

  private volatile State state = State.STARTING;
  private volatile boolean published;
  private volatile @Nullable String refusal;
  private volatile Map<String, NavigableMap<Long, ServedModel>> models = Map.of();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Has something run whenever models or readiness have changed, by whoever changed them. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void tellOfChange() {
    listeners.forEach(Runnable::run);
  }

  /**
   * Puts the warmed-up versions of one model in the place of those that were there.
   *
   * @return those that were there, for the caller to close
   */
  public synchronized List<ServedModel> put(String name, Collection<ServedModel> warm) {
    List<ServedModel> before = versionsOf(name);
    Map<String, NavigableMap<Long, ServedModel>> changed = new HashMap<>(models);
    changed.putAll(byName(warm));
    models = changed;
    tellOfChange();
    return before;
  }

  /**
   * Takes a model away.
   *
   * @return its versions, for the caller to close; empty if it is not there
   */
  public synchronized List<ServedModel> remove(String name) {
    List<ServedModel> before = versionsOf(name);
    Map<String, NavigableMap<Long, ServedModel>> changed = new HashMap<>(models);
    changed.remove(name);
    models = changed;
    tellOfChange();
    return before;
  }

  private List<ServedModel> versionsOf(String name) {
    NavigableMap<Long, ServedModel> versions = models.get(name);
    return versions == null ? List.of() : List.copyOf(versions.values());
  }

  private static Map<String, NavigableMap<Long, ServedModel>> byName(
      Collection<ServedModel> loaded) {
    return loaded.stream()
        .collect(
            Collectors.groupingBy(
                ServedModel::name,
                Collectors.toMap(
                    model -> Long.parseLong(model.version()),
                    model -> model,
                    (one, other) -> one,
                    TreeMap::new)));
  }

  /** Makes warmed-up models available; from now on the server is ready. */
  public synchronized void publish(Collection<ServedModel> warm) {
    models = byName(warm);
    published = true;
    if (state == State.STARTING) {
      state = State.READY;
    }
    tellOfChange();
  }

  /**
   * Says that the server will not become ready.
   *
   * @param sentence why, and what to do about it
   */
  public void refuse(String sentence) {
    refusal = sentence;
  }

  /** Why the server will not become ready; empty if it may. */
  public Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  /** Stops being ready while the models go on answering. */
  public synchronized void drain() {
    state = State.DRAINING;
    tellOfChange();
  }

  /** Whether new traffic should come here. */
  public boolean ready() {
    return state == State.READY;
  }

  /** Whether the server is about to leave. */
  public boolean draining() {
    return state == State.DRAINING;
  }

  /** Every model version. */
  public List<ServedModel> all() {
    return models.values().stream().flatMap(versions -> versions.values().stream()).toList();
  }

  /**
   * A model in that version, or in its newest if the version is null.
   *
   * @throws ProtocolException with status 404 if there is none, or 503 while models are loading
   */
  public ServedModel find(String name, @Nullable String version) {
    NavigableMap<Long, ServedModel> versions = versions(name);
    if (version == null) {
      return versions.lastEntry().getValue();
    }
    return versions.values().stream()
        .filter(model -> model.version().equals(version))
        .findFirst()
        .orElseThrow(
            () ->
                ProtocolException.notFound(
                    "Request for unknown model: '%s' has no version %s; it has %s"
                        .formatted(name, version, versions.keySet())));
  }

  /**
   * Whether a model answers now.
   *
   * @throws ProtocolException with status 404 if there is none of that name and version
   */
  public boolean serves(String name, @Nullable String version) {
    try {
      find(name, version);
      return true;
    } catch (InferenceException.NotReady loading) {
      return false;
    }
  }

  /** The metadata of a model; throws like {@link #find}. */
  public ModelMetadata metadata(String name, @Nullable String version) {
    return find(name, version)
        .metadata(versions(name).keySet().stream().map(String::valueOf).toList());
  }

  /**
   * What models have done: all of them if the name is null, all versions if the version is; throws
   * like {@link #find}.
   */
  public List<ModelStats> statistics(@Nullable String name, @Nullable String version) {
    Collection<ServedModel> asked =
        name == null
            ? all().stream()
                .sorted(
                    Comparator.comparing(ServedModel::name)
                        .thenComparing(model -> Long.parseLong(model.version())))
                .toList()
            : version == null ? versions(name).values() : List.of(find(name, version));
    return asked.stream().map(ServedModel::stats).toList();
  }

  private NavigableMap<Long, ServedModel> versions(String name) {
    if (!published) {
      String why = refusal;
      throw new InferenceException.NotReady(
          why != null
              ? why
              : "the models are still loading: ask again when /v2/health/ready answers 200");
    }
    NavigableMap<Long, ServedModel> versions = models.get(name);
    if (versions == null) {
      throw ProtocolException.notFound(
          "Request for unknown model: '%s' is not found; this server has %s"
              .formatted(name, models.keySet().stream().sorted().toList()));
    }
    return versions;
  }
}
