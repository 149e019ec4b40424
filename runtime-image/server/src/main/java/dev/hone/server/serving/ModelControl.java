package dev.hone.server.serving;

import dev.hone.server.protocol.ModelIndexEntry;
import dev.hone.server.protocol.ProtocolException;
import java.util.Collection;
import java.util.List;

/** Says what the repository holds, and loads and unloads its models while the server runs. */
public interface ModelControl {
  /**
   * Every model version, by name and version.
   *
   * @param ready whether to leave out those that do not answer now
   */
  List<ModelIndexEntry> index(boolean ready);

  /**
   * Loads every version of a model as the repository has them now, warms them up and puts them in
   * the place of those that were loaded; takes as long as that takes.
   *
   * @param parameters the names of those that came with the request
   * @throws ProtocolException with status 503 if the settings do not allow it, 400 if the model
   *     cannot be loaded; what was loaded before goes on
   */
  void load(String model, Collection<String> parameters);

  /**
   * Takes a model away once what waits for it is answered.
   *
   * @param parameters the names of those that came with the request
   * @throws ProtocolException with status 503 if the settings do not allow it, 400 if the model is
   *     not loaded
   */
  void unload(String model, Collection<String> parameters);
}
