package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;

/** Lets a drained node take one serving pod at a time. */
public final class ServingDisruptionBudget {

  private ServingDisruptionBudget() {}

  /** Whether there is anything to keep up: a single pod's budget would only block drains. */
  public static boolean isNeeded(int replicas) {
    return replicas >= 2;
  }

  /** The PodDisruptionBudget. */
  public static PodDisruptionBudget build(Owner owner) {
    return new PodDisruptionBudgetBuilder()
        .withNewMetadata()
        .withName(Names.podDisruptionBudget(owner.name()))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withMaxUnavailable(new IntOrString(1))
        .withNewSelector()
        .withMatchLabels(Labels.selector(Serving.KIND, owner.name()))
        .endSelector()
        .endSpec()
        .build();
  }
}
