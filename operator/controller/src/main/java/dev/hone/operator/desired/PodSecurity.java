package dev.hone.operator.desired;

import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.CapabilitiesBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.SeccompProfileBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import org.jspecify.annotations.Nullable;

/** The restricted Pod Security Standard, filled in where the user's template says nothing. */
final class PodSecurity {

  /** User and group that our images run as. */
  static final long USER = 10001L;

  private PodSecurity() {}

  static PodSecurityContext pod(@Nullable PodSecurityContext given) {
    var context =
        given == null ? new PodSecurityContextBuilder() : new PodSecurityContextBuilder(given);
    if (context.getRunAsNonRoot() == null) {
      context.withRunAsNonRoot(true);
    }
    if (context.getRunAsUser() == null) {
      context.withRunAsUser(USER);
    }
    if (context.getRunAsGroup() == null) {
      context.withRunAsGroup(USER);
    }
    if (context.getFsGroup() == null) {
      context.withFsGroup(USER);
    }
    if (context.buildSeccompProfile() == null) {
      context.withSeccompProfile(new SeccompProfileBuilder().withType("RuntimeDefault").build());
    }
    return context.build();
  }

  static SecurityContext container(@Nullable SecurityContext given) {
    var context = given == null ? new SecurityContextBuilder() : new SecurityContextBuilder(given);
    if (context.getAllowPrivilegeEscalation() == null) {
      context.withAllowPrivilegeEscalation(false);
    }
    if (context.getReadOnlyRootFilesystem() == null) {
      context.withReadOnlyRootFilesystem(true);
    }
    Capabilities capabilities = context.buildCapabilities();
    if (capabilities == null) {
      context.withCapabilities(new CapabilitiesBuilder().withDrop("ALL").build());
    }
    return context.build();
  }
}
