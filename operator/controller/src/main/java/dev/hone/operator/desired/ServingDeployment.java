package dev.hone.operator.desired;

import dev.hone.api.inference.Backend;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;

/** The Deployment that serves a model. */
public final class ServingDeployment {

  private static final int PROGRESS_SECONDS = 600;

  /** TensorRT in Triton compiles while a pod starts: what the startup probe leaves it, and more. */
  private static final int TRITON_PROGRESS_SECONDS = TritonPod.STARTUP_SECONDS + PROGRESS_SECONDS;

  private ServingDeployment() {}

  /** The Deployment; the model's address must be on a volume. */
  public static Deployment build(Serving serving) {
    Owner owner = serving.owner();
    boolean gpu = PodResourceShape.needsGpu(serving.resources());
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(serving.name())
        .withNamespace(owner.namespace())
        .withLabels(serving.labels())
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withReplicas(serving.replicas())
        .withRevisionHistoryLimit(2)
        .withProgressDeadlineSeconds(
            serving.backend() == Backend.TRITON ? TRITON_PROGRESS_SECONDS : PROGRESS_SECONDS)
        .withNewSelector()
        .withMatchLabels(serving.selector())
        .endSelector()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        // A GPU more than the replicas hold may not be free, and then a rollout would never end.
        .withMaxSurge(new IntOrString(gpu ? 0 : 1))
        .withMaxUnavailable(new IntOrString(gpu ? 1 : 0))
        .endRollingUpdate()
        .endStrategy()
        .withTemplate(ServingDrain.withGrace(template(serving)))
        .endSpec()
        .build();
  }

  private static PodTemplateSpec template(Serving serving) {
    return switch (serving.backend()) {
      case SERVER -> ServerPod.template(serving);
      case TRITON -> TritonPod.template(serving);
    };
  }
}
