package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.Map;

/**
 * The ConfigMap that a run's pod reads.
 *
 * @param owner the resource
 * @param hash the run's hash
 * @param jobConfig the contract's job configuration as JSON
 * @param caCertificate the operator's certificate authority in PEM
 */
public record RunConfigMap(Owner owner, String hash, String jobConfig, String caCertificate) {

  /** The ConfigMap. */
  public ConfigMap build() {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(Names.jobConfigMap(owner.name(), hash))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(owner.kind(), owner.name(), hash))
        .addToLabels(Labels.ROLE, Labels.ROLE_CONFIG)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withData(Map.of(Names.JOB_CONFIG_KEY, jobConfig, Names.CA_KEY, caCertificate))
        .build();
  }
}
