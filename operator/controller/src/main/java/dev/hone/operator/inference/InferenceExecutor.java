package dev.hone.operator.inference;

import dev.hone.api.Names;
import dev.hone.api.inference.Autoscaling;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.desired.ServingDeployment;
import dev.hone.operator.desired.ServingDisruptionBudget;
import dev.hone.operator.desired.ServingService;
import dev.hone.operator.engine.EngineRequest;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;

/**
 * Applies the objects of an InferenceDeployment; applying what is there already changes nothing.
 */
final class InferenceExecutor {

  private final KubernetesClient client;
  private final InferenceSettings settings;

  InferenceExecutor(KubernetesClient client, InferenceSettings settings) {
    this.client = client;
    this.settings = settings;
  }

  /** What the engines of a deployment follow from. */
  EngineRequest engines(InferenceView view, ServedModel model, Engine engine) {
    return new EngineRequest(
        model,
        view.backend(),
        engine,
        view.batching(),
        view.resources(),
        ServingDeployment.build(serving(view, model, List.of())).getSpec().getTemplate(),
        settings.versions());
  }

  /** Applies everything, the Service first; gives the Deployment as it is now. */
  Deployment execute(
      InferenceView view,
      InferencePlan plan,
      InferenceObservation observed,
      List<PlacedEngine> engines) {
    Owner owner = view.owner();
    boolean routed = observed.hasVersions() && !RolloutState.of(observed.deployment()).complete();
    // The routers of a rollout that was taken out of the spec answer until the new pods do.
    apply(
        routed
            ? ServingService.ofRouter(owner, view.access())
            : ServingService.build(owner, view.access()));
    if (ServingDisruptionBudget.isNeeded(view.atLeast())) {
      apply(ServingDisruptionBudget.build(owner));
    } else if (plan.dropDisruptionBudget()) {
      client
          .policy()
          .v1()
          .podDisruptionBudget()
          .inNamespace(owner.namespace())
          .withName(Names.podDisruptionBudget(owner.name()))
          .delete();
    }
    if (observed.hasVersions() && !routed) {
      RolloutObjects.dropAll(client, owner, observed);
    }
    dropAutoscaler(owner, plan);
    Serving serving = serving(view, Objects.requireNonNull(plan.model()), engines);
    Autoscaling autoscaling = view.autoscaling();
    return apply(
        ServingDeployment.build(
            autoscaling == null
                ? serving
                : serving.withReplicas(
                    AutoscaledReplicas.look(client, owner, autoscaling)
                        // Beside what is left of a rollout it sees the load of others.
                        .handOver(Names.deployment(owner.name()), !observed.hasVersions()))));
  }

  /** Deletes the autoscaler, if it is not wanted any more. */
  void dropAutoscaler(Owner owner, InferencePlan plan) {
    if (plan.dropAutoscaler()) {
      client
          .autoscaling()
          .v2()
          .horizontalPodAutoscalers()
          .inNamespace(owner.namespace())
          .withName(Names.autoscaler(owner.name()))
          .delete();
    }
  }

  private Serving serving(InferenceView view, ServedModel model, List<PlacedEngine> engines) {
    return view.serving(model, settings.images(), null, engines, view.access());
  }

  private <T extends HasMetadata> T apply(T desired) {
    return client.resource(desired).patch(Patches.APPLY);
  }
}
