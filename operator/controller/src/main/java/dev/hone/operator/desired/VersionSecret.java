package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Map;

/** The Secret with the certificate that the pods of a rollout's versions show its routers. */
public final class VersionSecret {

  private VersionSecret() {}

  /** The name that the certificate is for: all versions are called by it wherever they run. */
  public static String host(Owner owner) {
    return Names.versions(owner.name()) + "." + owner.namespace() + ".svc";
  }

  /** Its name, which changes with the certificate. */
  public static String name(Owner owner, String edition) {
    return Names.versionSecret(owner.name(), ModelVersion.hash(edition));
  }

  /** The Secret, with these files in PEM. */
  public static Secret build(Owner owner, String name, Map<String, String> files) {
    return RouterSecret.build(owner, name, Labels.ROLE_VERSION, files);
  }
}
