package dev.hone.operator.progress.auth;

import dev.hone.api.Labels;
import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.Optional;

/** Finds the Job that controls a pod. */
final class PodJobs {
  private static final String FIRST = "0";

  private final KubernetesClient client;

  PodJobs(KubernetesClient client) {
    this.client = client;
  }

  ReportingPod jobOf(PodIdentity identity) throws ReportRefusedException {
    Pod pod = client.pods().inNamespace(identity.namespace()).withName(identity.name()).get();
    if (pod == null || !identity.uid().equals(pod.getMetadata().getUid())) {
      throw new ReportRefusedException(
          Refusal.POD_GONE,
          "The pod %s that the token was made for does not exist any more."
              .formatted(identity.name()));
    }
    String index =
        Optional.ofNullable(pod.getMetadata().getAnnotations())
            .orElse(Map.of())
            .getOrDefault(Labels.COMPLETION_INDEX, FIRST);
    if (!FIRST.equals(index)) {
      throw new ReportRefusedException(
          Refusal.NOT_THE_FIRST_POD,
          "The pod %s has the index %s in its Job; only the pod of index 0 reports."
              .formatted(identity.name(), index));
    }
    return controller(pod)
        .filter(owner -> "Job".equals(owner.getKind()))
        .filter(owner -> owner.getApiVersion().startsWith("batch/"))
        .map(owner -> new ReportingPod(identity, owner.getName(), owner.getUid()))
        .orElseThrow(
            () ->
                new ReportRefusedException(
                    Refusal.OTHER_RESOURCE,
                    "The pod %s is not part of a Job, so that it has nothing to report."
                        .formatted(identity.name())));
  }

  static Optional<OwnerReference> controller(HasMetadata object) {
    return Optional.ofNullable(object.getMetadata().getOwnerReferences()).stream()
        .flatMap(owners -> owners.stream())
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .findFirst();
  }
}
