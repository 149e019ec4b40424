package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.util.Map;

/** The Secret with the certificate that routers show the operator. */
public final class RouterSecret {

  private RouterSecret() {}

  /** The name that the certificate is for: routers are called by it wherever they run. */
  public static String host(Owner owner) {
    return Names.router(owner.name()) + "." + owner.namespace() + ".svc";
  }

  /**
   * Its name, which changes with the certificate: the operator may make Secrets and not read them.
   */
  public static String name(Owner owner, String edition) {
    return Names.routerSecret(owner.name(), ModelVersion.hash(edition));
  }

  /** The Secret, with these files in PEM. */
  public static Secret build(Owner owner, String name, Map<String, String> files) {
    return build(owner, name, Labels.ROLE_ROUTER, files);
  }

  /** A Secret of a rollout's, which is never read by the operator again. */
  static Secret build(Owner owner, String name, String role, Map<String, String> files) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .addToLabels(Labels.ROLE, role)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withType("kubernetes.io/tls")
        .withImmutable(true)
        .withStringData(files)
        .build();
  }
}
