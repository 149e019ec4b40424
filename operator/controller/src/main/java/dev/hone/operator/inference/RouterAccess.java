package dev.hone.operator.inference;

import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RouterSecret;
import dev.hone.operator.tls.ControlCertificates;
import io.fabric8.kubernetes.api.model.Secret;

/**
 * How the operator gets at routers.
 *
 * @param client what talks to them
 * @param certificates by which they and the operator know each other
 */
public record RouterAccess(RouterClient client, ControlCertificates certificates) {

  /** The name of the Secret that a resource's routers mount now. */
  String secretName(Owner owner) {
    return RouterSecret.name(owner, certificates.edition(owner.uid()));
  }

  /** The Secret, with a certificate that was never used. */
  Secret newSecret(Owner owner, String name) {
    return RouterSecret.build(owner, name, certificates.router(RouterSecret.host(owner)).files());
  }
}
