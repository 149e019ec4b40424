package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.util.Map;

/** The Secret with the token that a router takes a configuration with. */
public final class RouterToken {

  private RouterToken() {}

  /** Its name, which changes with the token: the operator may make Secrets and not read them. */
  public static String name(Owner owner, String token) {
    return Names.routerToken(owner.name(), ModelVersion.hash(token));
  }

  /** The Secret. */
  public static Secret build(Owner owner, String token) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name(owner, token))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .addToLabels(Labels.ROLE, Labels.ROLE_ROUTER)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withType("Opaque")
        .withImmutable(true)
        .withStringData(Map.of(Names.TOKEN_KEY, token))
        .build();
  }
}
