package dev.hone.operator.inference;

import dev.hone.api.Reason;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.engine.DeploymentEngines;
import dev.hone.operator.engine.EngineNeeds;
import dev.hone.operator.engine.EngineNeedsPlanner;
import dev.hone.operator.engine.EnginePlacement;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The engines of a rollout's versions, in one pass: each is built before the pods that load it, and
 * the pods that serve are left as they are until then.
 */
final class RolloutEngines {
  private final InferenceView view;
  private final InferenceObservation observed;
  private final InferenceExecutor executor;
  private final DeploymentEngines engines;
  private final Collection<EngineBuild> used;
  private final Map<String, EnginePlacement> placements = new LinkedHashMap<>();

  /**
   * The engines of a resource.
   *
   * @param used the EngineBuilds that it is an owner of, as they were last seen
   */
  RolloutEngines(
      InferenceView view,
      InferenceObservation observed,
      InferenceExecutor executor,
      DeploymentEngines engines,
      Collection<EngineBuild> used) {
    this.view = view;
    this.observed = observed;
    this.executor = executor;
    this.engines = engines;
    this.used = used;
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
    Engine engine = view.engine();
    return engine == null
        ? Optional.empty()
        : Optional.of(
            placements.computeIfAbsent(
                ModelVersion.of(model), version -> prepare(model, engine, version)));
  }

  private EnginePlacement prepare(ServedModel model, Engine engine, String version) {
    Optional<Deployment> deployment = observed.version(view.owner().name(), model);
    return engines.prepare(
        EngineNeedsPlanner.plan(executor.engines(view, model, engine), observed.facts().nodes()),
        used,
        deployment.map(EngineWatch::placed).orElse(Set.of()));
  }
}
