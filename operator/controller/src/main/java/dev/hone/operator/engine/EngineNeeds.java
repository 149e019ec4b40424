package dev.hone.operator.engine;

import dev.hone.api.Reason;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.api.engine.EngineKey;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The engines that a deployment needs.
 *
 * @param builds the engines, by their keys; none if the provider needs none
 * @param blocked why they cannot be told
 */
public record EngineNeeds(SequencedMap<String, EngineBuildSpec> builds, Optional<Blocked> blocked) {

  /** Why nothing can be built. */
  public record Blocked(Reason reason, String message) {}

  static EngineNeeds of(List<EngineBuildSpec> specs) {
    TreeMap<String, EngineBuildSpec> builds = new TreeMap<>();
    specs.forEach(spec -> builds.putIfAbsent(EngineKey.of(spec), spec));
    return new EngineNeeds(builds, Optional.empty());
  }

  static EngineNeeds blocked(Reason reason, String sentence) {
    return new EngineNeeds(new TreeMap<>(), Optional.of(new Blocked(reason, sentence)));
  }
}
