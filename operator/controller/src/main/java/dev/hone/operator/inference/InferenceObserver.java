package dev.hone.operator.inference;

import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Looks at everything that belongs to an InferenceDeployment. */
final class InferenceObserver {

  private InferenceObserver() {}

  static InferenceObservation observe(
      InferenceView view, ClusterFacts facts, Context<InferenceDeployment> context) {
    Owner owner = view.owner();
    Map<String, Deployment> deployments = new TreeMap<>();
    context.getSecondaryResources(Deployment.class).stream()
        .filter(owner::owns)
        .forEach(found -> deployments.put(found.getMetadata().getName(), found));
    Optional<Deployment> deployment =
        Optional.ofNullable(deployments.get(Names.deployment(owner.name())));
    Optional<Service> service =
        context.getSecondaryResources(Service.class).stream()
            .filter(owner::owns)
            .filter(found -> found.getMetadata().getName().equals(Names.service(owner.name())))
            .findFirst();
    boolean budget =
        context.getSecondaryResource(PodDisruptionBudget.class).filter(owner::owns).isPresent();
    Optional<HorizontalPodAutoscaler> autoscaler =
        context.getSecondaryResource(HorizontalPodAutoscaler.class).filter(owner::owns);
    List<Pod> pods = new ArrayList<>(context.getSecondaryResources(Pod.class));
    KubernetesClient client = context.getClient();
    Optional<String> obstacle =
        deployment.isPresent()
            ? Optional.empty()
            : inTheWay(
                owner,
                "Deployment",
                client
                    .apps()
                    .deployments()
                    .inNamespace(owner.namespace())
                    .withName(Names.deployment(owner.name()))
                    .get());
    if (obstacle.isEmpty() && service.isEmpty()) {
      obstacle =
          inTheWay(
              owner,
              "Service",
              client
                  .services()
                  .inNamespace(owner.namespace())
                  .withName(Names.service(owner.name()))
                  .get());
    }
    if (obstacle.isEmpty() && autoscaler.isEmpty() && view.autoscaling() != null) {
      obstacle =
          inTheWay(
              owner,
              "HorizontalPodAutoscaler",
              client
                  .autoscaling()
                  .v2()
                  .horizontalPodAutoscalers()
                  .inNamespace(owner.namespace())
                  .withName(Names.autoscaler(owner.name()))
                  .get());
    }
    return new InferenceObservation(
        deployment, deployments, service, pods, budget, autoscaler, obstacle, facts);
  }

  /** A forced apply would take over an object of somebody else: look before the first one. */
  static Optional<String> inTheWay(Owner owner, String kind, @Nullable HasMetadata found) {
    if (found == null || owner.owns(found)) {
      return Optional.empty();
    }
    String belongs =
        found.getMetadata().getOwnerReferences().stream()
            .findFirst()
            .map(InferenceObserver::sentence)
            .orElse("to no resource of Hone");
    return Optional.of(
        "%s %s is in the way: it belongs %s; delete it, or give this resource another name"
            .formatted(kind, found.getMetadata().getName(), belongs));
  }

  private static String sentence(OwnerReference reference) {
    return "to "
        + reference.getKind()
        + " "
        + reference.getName()
        + " ("
        + reference.getUid()
        + ")";
  }
}
