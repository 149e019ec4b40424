package dev.hone.operator.inference;

import dev.hone.api.Reason;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.engine.EngineNeeds;
import dev.hone.operator.engine.EnginePlacement;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The engines of a rollout's versions, in one pass: each is built before the pods that load it, and
 * the pods that serve are left as they are until then.
 */
final class RolloutEngines {
  private final String name;
  private final InferenceObservation observed;
  private final ModelEngines engines;
  private final Map<String, Optional<EnginePlacement>> placements = new HashMap<>();

  /**
   * The engines of a resource.
   *
   * @param name its name
   */
  RolloutEngines(String name, InferenceObservation observed, ModelEngines engines) {
    this.name = name;
    this.observed = observed;
    this.engines = engines;
  }

  /** What the pods of a version may load. */
  List<PlacedEngine> of(ServedModel model) {
    return placement(model).map(EnginePlacement::engines).orElse(List.of());
  }

  /** Why the pods of a version cannot be made yet. */
  Optional<EngineNeeds.Blocked> waits(ServedModel model) {
    return placement(model).flatMap(EnginePlacement::blocked);
  }

  /** Why a version will never have an engine, as a sentence. */
  Optional<String> failure(ServedModel model) {
    return waits(model)
        .filter(found -> found.reason() == Reason.ENGINE_FAILED || found.reason() == Reason.INVALID)
        .map(EngineNeeds.Blocked::message);
  }

  /** The engines of all versions of a state, for the status; empty if the spec asks for none. */
  Optional<EnginePlacement> all(RolloutStatus state, Optional<ServedModel> reference) {
    Map<String, EnginePlacement> found = new LinkedHashMap<>();
    take(state.stable(), "the stable version", found);
    take(state.candidate(), "the new version", found);
    take(reference.orElse(null), "the reference", found);
    return found.isEmpty() ? Optional.empty() : Optional.of(EnginePlacement.together(found));
  }

  private void take(@Nullable ServedModel model, String name, Map<String, EnginePlacement> into) {
    if (model != null) {
      placement(model).ifPresent(placement -> into.put(name, placement));
    }
  }

  private Optional<EnginePlacement> placement(ServedModel model) {
    return placements.computeIfAbsent(
        ModelVersion.of(model), version -> engines.prepare(model, observed.version(name, model)));
  }
}
