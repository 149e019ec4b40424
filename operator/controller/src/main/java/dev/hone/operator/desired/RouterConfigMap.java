package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.Map;

/** What a router starts with; later changes are sent to it, which is faster than a volume. */
public final class RouterConfigMap {

  private RouterConfigMap() {}

  /** The ConfigMap. */
  public static ConfigMap build(Owner owner, String routing) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(Names.router(owner.name()))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .addToLabels(Labels.ROLE, Labels.ROLE_ROUTER)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withData(Map.of(Names.ROUTING_KEY, routing))
        .build();
  }
}
