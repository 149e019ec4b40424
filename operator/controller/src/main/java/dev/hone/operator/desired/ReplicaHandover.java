package dev.hone.operator.desired;

import dev.hone.api.FieldManagers;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How the number of pods of a Deployment passes from us to an autoscaler. A field that we stop
 * applying falls back to its default, 1, unless somebody else owns it: so another field manager
 * gets it first, with the number as it is.
 *
 * @param applied the number that we go on applying; null leaves it to its owner
 * @param given the number that is given away before; null if nothing is
 */
public record ReplicaHandover(@Nullable Integer applied, @Nullable Integer given) {

  private static final String REPLICAS = "f:replicas";

  /**
   * What to do next.
   *
   * @param live the Deployment as the API server has it now; a cache may not know yet that we own
   *     the field
   * @param pods the fewest pods that it is handed over with
   */
  public static ReplicaHandover plan(Optional<Deployment> live, int pods) {
    if (live.isEmpty()) {
      return new ReplicaHandover(pods, null);
    }
    List<String> owners =
        live.get().getMetadata().getManagedFields().stream()
            .filter(ReplicaHandover::holdsReplicas)
            .map(ManagedFieldsEntry::getManager)
            .toList();
    if (!owners.equals(List.of(FieldManagers.OPERATOR))) {
      return new ReplicaHandover(null, null);
    }
    int now = Objects.requireNonNullElse(live.get().getSpec().getReplicas(), 1);
    return now < pods ? new ReplicaHandover(pods, null) : new ReplicaHandover(null, now);
  }

  /** What is applied in the name of the other field manager. */
  public static Deployment build(Owner owner, String deployment, int replicas) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(deployment)
        .withNamespace(owner.namespace())
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .endSpec()
        .build();
  }

  private static boolean holdsReplicas(ManagedFieldsEntry entry) {
    return entry.getFieldsV1() != null
        && entry.getFieldsV1().getAdditionalProperties().get("f:spec") instanceof Map<?, ?> spec
        && spec.containsKey(REPLICAS);
  }
}
