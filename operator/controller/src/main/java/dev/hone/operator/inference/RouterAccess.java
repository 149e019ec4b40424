package dev.hone.operator.inference;

import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RouterSecret;
import dev.hone.operator.desired.ServingAccess;
import dev.hone.operator.desired.VersionSecret;
import dev.hone.operator.tls.ControlCertificates;
import io.fabric8.kubernetes.api.model.Secret;

/**
 * How the operator gets at routers, and they at versions.
 *
 * @param client what talks to them
 * @param certificates by which they and the operator know each other
 */
public record RouterAccess(RouterClient client, ControlCertificates certificates) {

  /** What a certificate of routers is for besides, where clients need TLS or a key. */
  private static final String LINKED = "/linked";

  /**
   * The name of the Secret that a resource's routers mount now.
   *
   * @param access what clients need
   */
  String secretName(Owner owner, ServingAccess access) {
    String edition = certificates.edition(owner.uid());
    return RouterSecret.name(owner, access.isOpen() ? edition : edition + LINKED);
  }

  /** The Secret, with a certificate that was never used. */
  Secret newSecret(Owner owner, String name, ServingAccess access) {
    String host = RouterSecret.host(owner);
    return RouterSecret.build(
        owner,
        name,
        (access.isOpen() ? certificates.router(host) : certificates.linkedRouter(host)).files());
  }

  /** The name of the Secret that the pods of a resource's versions mount now. */
  String versionSecretName(Owner owner) {
    return VersionSecret.name(owner, certificates.edition(owner.uid()));
  }

  /** That Secret, with a certificate that was never used. */
  Secret newVersionSecret(Owner owner, String name) {
    return VersionSecret.build(
        owner, name, certificates.version(VersionSecret.host(owner)).files());
  }
}
