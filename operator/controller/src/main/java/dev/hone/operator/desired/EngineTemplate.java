package dev.hone.operator.desired;

import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;

/** What a pod that builds an engine takes over from the pods that will load it. */
public final class EngineTemplate {

  private EngineTemplate() {}

  /**
   * Only what lets it start on the same nodes, with the same image and devices: no container beside
   * ours, which would keep it from ending, and nothing that serves.
   *
   * @param serving the template of the serving pods
   */
  public static PodTemplateSpec of(PodTemplateSpec serving) {
    PodSpec given = serving.getSpec();
    var pod =
        new PodSpecBuilder()
            .withAffinity(given.getAffinity())
            .withImagePullSecrets(given.getImagePullSecrets())
            .withNodeSelector(given.getNodeSelector())
            .withPriorityClassName(given.getPriorityClassName())
            .withRuntimeClassName(given.getRuntimeClassName())
            .withSchedulerName(given.getSchedulerName())
            .withSecurityContext(given.getSecurityContext())
            .withServiceAccountName(given.getServiceAccountName())
            .withTolerations(given.getTolerations());
    given.getContainers().stream()
        .filter(container -> Names.SERVER_CONTAINER.equals(container.getName()))
        .map(EngineTemplate::of)
        .forEach(pod::addToContainers);
    return new PodTemplateSpecBuilder().withSpec(pod.build()).build();
  }

  private static Container of(Container given) {
    return new ContainerBuilder()
        .withName(given.getName())
        .withImage(given.getImage())
        .withImagePullPolicy(given.getImagePullPolicy())
        .withResources(given.getResources())
        .withSecurityContext(given.getSecurityContext())
        .build();
  }
}
