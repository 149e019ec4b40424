package dev.hone.operator.inference;

import dev.hone.api.FieldManagers;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.Autoscaling;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.ReplicaHandover;
import dev.hone.operator.desired.ServingAutoscaler;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Deployments that serve as the API server has them now, and the autoscaler of one of them. */
final class AutoscaledReplicas {

  private final KubernetesClient client;
  private final Owner owner;
  private final Autoscaling autoscaling;
  private final List<Deployment> live;

  private AutoscaledReplicas(
      KubernetesClient client, Owner owner, Autoscaling autoscaling, List<Deployment> live) {
    this.client = client;
    this.owner = owner;
    this.autoscaling = autoscaling;
    this.live = live;
  }

  /** Asks the API server: a cache may have a number from before we or the autoscaler wrote it. */
  static AutoscaledReplicas look(KubernetesClient client, Owner owner, Autoscaling autoscaling) {
    List<Deployment> live =
        client
            .apps()
            .deployments()
            .inNamespace(owner.namespace())
            .withLabels(Labels.selector(InferenceDeployment.KIND, owner.name()))
            .list()
            .getItems()
            .stream()
            .filter(owner::owns)
            .filter(found -> !found.getMetadata().getName().equals(Names.router(owner.name())))
            .toList();
    return new AutoscaledReplicas(client, owner, autoscaling, live);
  }

  /** Pods of a Deployment that serves beside others, or instead of them: as many as they have. */
  int pods() {
    return autoscaling.within(
        live.stream()
            .mapToInt(found -> Objects.requireNonNullElse(found.getSpec().getReplicas(), 1))
            .max()
            .orElse(0));
  }

  /**
   * Applies the autoscaler and gives it the number of pods of a Deployment.
   *
   * @param scalesDown whether it may take pods away
   * @return the number that is to be applied; null where the autoscaler has it
   */
  @Nullable Integer handOver(String deployment, boolean scalesDown) {
    client
        .resource(ServingAutoscaler.build(owner, autoscaling, deployment, scalesDown))
        .patch(Patches.APPLY);
    Optional<Deployment> found =
        live.stream().filter(one -> one.getMetadata().getName().equals(deployment)).findFirst();
    ReplicaHandover handover = ReplicaHandover.plan(found, pods());
    if (handover.given() != null) {
      // Not by force: whoever has scaled it since then has it already, and the next pass sees that.
      client
          .resource(ReplicaHandover.build(owner, deployment, handover.given()))
          .patch(Patches.offerAs(FieldManagers.HANDOVER));
    }
    return handover.applied();
  }
}
