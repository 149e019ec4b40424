package dev.hone.operator.integration;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.HoneApi;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Kueue's Workloads: one for each Job with a queue, made and judged by Kueue. They are asked for
 * when there is something to decide or to say, so that nothing needs to be installed.
 */
public final class Kueue {

  static final String GROUP = "kueue.x-k8s.io";

  /** Label of a Workload with the uid of its Job. */
  static final String JOB_UID = GROUP + "/job-uid";

  /** Annotation of a Workload that a run policy has deactivated, and that it alone activates. */
  static final String PAUSED = HoneApi.GROUP + "/paused";

  private final KubernetesClient client;

  public Kueue(KubernetesClient client) {
    this.client = client;
  }

  /** What Kueue holds about a Job. */
  public QueueEntry find(Job job) {
    APIGroup group = client.getApiGroup(GROUP);
    if (group == null) {
      return new QueueEntry.NotInstalled();
    }
    String apiVersion = group.getPreferredVersion().getGroupVersion();
    try {
      return workloads(apiVersion)
          .inNamespace(job.getMetadata().getNamespace())
          .withLabel(JOB_UID, job.getMetadata().getUid())
          .list()
          .getItems()
          .stream()
          .findFirst()
          .<QueueEntry>map(Kueue::entry)
          .orElseGet(QueueEntry.Missing::new);
    } catch (KubernetesClientException e) {
      return switch (e.getCode()) {
        case HttpURLConnection.HTTP_NOT_FOUND -> new QueueEntry.NotInstalled();
        case HttpURLConnection.HTTP_FORBIDDEN -> new QueueEntry.NotAllowed();
        default -> throw e;
      };
    }
  }

  /** Ends the pods of a Workload's Job, or lets it wait in its queue again. */
  public void setActive(QueueEntry.Workload workload, boolean active) {
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    patch.putObject("spec").put("active", active);
    patch
        .putObject("metadata")
        .putObject("annotations")
        .put(PAUSED, active ? null : Boolean.TRUE.toString());
    workloads(workload.apiVersion())
        .inNamespace(workload.namespace())
        .withName(workload.name())
        .patch(Patches.MERGE, patch.toString());
  }

  private MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      workloads(String apiVersion) {
    return client.genericKubernetesResources(
        new ResourceDefinitionContext.Builder()
            .withGroup(GROUP)
            .withVersion(apiVersion.substring(apiVersion.indexOf('/') + 1))
            .withKind("Workload")
            .withPlural("workloads")
            .withNamespaced(true)
            .build());
  }

  private static QueueEntry.Workload entry(GenericKubernetesResource workload) {
    Map<String, String> annotations = workload.getMetadata().getAnnotations();
    List<?> conditions =
        Optional.<List<?>>ofNullable(workload.get("status", "conditions")).orElse(List.of());
    return new QueueEntry.Workload(
        workload.getApiVersion(),
        workload.getMetadata().getNamespace(),
        workload.getMetadata().getName(),
        !Boolean.FALSE.equals(workload.<Boolean>get("spec", "active")),
        annotations != null && annotations.containsKey(PAUSED),
        conditions.stream()
            .map(condition -> Serialization.jsonMapper().convertValue(condition, Condition.class))
            .toList());
  }
}
