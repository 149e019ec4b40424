package dev.hone.operator.inference;

import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.engine.DeploymentEngines;
import dev.hone.operator.engine.EngineNeedsPlanner;
import dev.hone.operator.engine.EnginePlacement;
import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * Has the engines built that the pods of a model load, whether it is one of several or the only
 * one.
 */
final class ModelEngines {
  private final InferenceView view;
  private final ClusterFacts facts;
  private final InferenceExecutor executor;
  private final DeploymentEngines engines;
  private final Collection<EngineBuild> used;

  /**
   * The engines of a resource.
   *
   * @param used the EngineBuilds that it is an owner of, as they were last seen
   */
  ModelEngines(
      InferenceView view,
      ClusterFacts facts,
      InferenceExecutor executor,
      DeploymentEngines engines,
      Collection<EngineBuild> used) {
    this.view = view;
    this.facts = facts;
    this.executor = executor;
    this.engines = engines;
    this.used = used;
  }

  /**
   * What the pods of a model may load; empty if the spec asks for no engines.
   *
   * @param deployment the Deployment that has pods of the model already, if there is one
   */
  Optional<EnginePlacement> prepare(ServedModel model, Optional<Deployment> deployment) {
    Engine engine = view.engine();
    return engine == null
        ? Optional.empty()
        : Optional.of(
            engines.prepare(
                EngineNeedsPlanner.plan(executor.engines(view, model, engine), facts.nodes()),
                used,
                deployment.map(EngineWatch::placed).orElse(Set.of())));
  }
}
