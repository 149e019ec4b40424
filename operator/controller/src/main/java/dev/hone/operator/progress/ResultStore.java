package dev.hone.operator.progress;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.hone.api.HoneApi;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.contract.ContractJson;
import dev.hone.contract.RunResult;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps the result of a run in an immutable ConfigMap: durable before the pod may exit, written by
 * any replica, and read by the leader.
 */
final class ResultStore {
  private final KubernetesClient client;

  ResultStore(KubernetesClient client) {
    this.client = client;
  }

  /** Returns once the result is safe; keeping the same artifact again changes nothing. */
  void keep(Run run, RunResult result, byte[] body) throws ReportRefusedException {
    try {
      client.resource(configMap(run, body)).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      requireSame(run, result);
    }
  }

  private void requireSame(Run run, RunResult result) throws ReportRefusedException {
    String namespace = run.resource().namespace();
    String name = name(run);
    ConfigMap existing = client.configMaps().inNamespace(namespace).withName(name).get();
    if (existing == null || !isOf(run, existing)) {
      throw new ReportRefusedException(
          Refusal.RESULT_BLOCKED,
          "The ConfigMap %s/%s is not of this %s; it must be gone before the result can be kept."
              .formatted(namespace, name, run.resource().kind().kind()));
    }
    if (!digest(existing).equals(Optional.of(result.artifact().digest()))) {
      throw new ReportRefusedException(
          Refusal.OTHER_RESULT,
          "The run %s has reported another artifact already; a run has one result."
              .formatted(run.jobName()));
    }
  }

  private static boolean isOf(Run run, ConfigMap existing) {
    return existing.getMetadata().getOwnerReferences().stream()
        .anyMatch(owner -> owner.getUid().equals(run.resourceUid()));
  }

  private static Optional<String> digest(ConfigMap existing) {
    String json = Optional.ofNullable(existing.getData()).orElse(Map.of()).get(Names.RESULT_KEY);
    try {
      return json == null
          ? Optional.empty()
          : Optional.of(ContractJson.read(json, RunResult.class).artifact().digest());
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static ConfigMap configMap(Run run, byte[] body) {
    ResourceKey resource = run.resource();
    String kind = resource.kind().kind();
    Map<String, String> labels = new HashMap<>(Labels.of(kind, resource.name(), run.hash()));
    labels.put(Labels.ROLE, Labels.ROLE_RESULT);
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withNamespace(resource.namespace())
        .withName(name(run))
        .withLabels(labels)
        .addNewOwnerReference()
        .withApiVersion(HoneApi.API_VERSION)
        .withKind(kind)
        .withName(resource.name())
        .withUid(run.resourceUid())
        .withController(true)
        .endOwnerReference()
        .endMetadata()
        .withImmutable(true)
        .addToData(Names.RESULT_KEY, new String(body, StandardCharsets.UTF_8))
        .build();
  }

  private static String name(Run run) {
    return Names.resultConfigMap(run.resource().name(), run.hash());
  }
}
