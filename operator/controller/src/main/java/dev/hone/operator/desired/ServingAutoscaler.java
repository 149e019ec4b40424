package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.Autoscaling;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicyBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpecBuilder;
import java.util.ArrayList;
import java.util.List;

/** The HorizontalPodAutoscaler that decides how many pods serve a model. */
public final class ServingAutoscaler {

  /** What the server calls the number of requests that wait for their run. */
  static final String QUEUE_METRIC = "nv_inference_pending_request_count";

  /**
   * How long the load is lower before a pod goes: one that has loaded its model is worth keeping
   * through a short lull.
   */
  public static final int CALM_SECONDS = 300;

  private static final int UP_PERIOD_SECONDS = 30;
  private static final int DOWN_PERIOD_SECONDS = 60;

  private ServingAutoscaler() {}

  /**
   * The HorizontalPodAutoscaler.
   *
   * @param deployment name of what it scales
   * @param scalesDown whether it may take pods away
   */
  public static HorizontalPodAutoscaler build(
      Owner owner, Autoscaling autoscaling, String deployment, boolean scalesDown) {
    return new HorizontalPodAutoscalerBuilder()
        .withNewMetadata()
        .withName(Names.autoscaler(owner.name()))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withNewScaleTargetRef()
        .withApiVersion("apps/v1")
        .withKind("Deployment")
        .withName(deployment)
        .endScaleTargetRef()
        .withMinReplicas(autoscaling.atLeast())
        .withMaxReplicas(autoscaling.maxReplicas())
        .withMetrics(metrics(autoscaling))
        .withNewBehavior()
        .withNewScaleUp()
        .withStabilizationWindowSeconds(0)
        .withSelectPolicy("Max")
        .withPolicies(
            policy("Percent", 100, UP_PERIOD_SECONDS), policy("Pods", 2, UP_PERIOD_SECONDS))
        .endScaleUp()
        .withNewScaleDown()
        .withStabilizationWindowSeconds(CALM_SECONDS)
        .withSelectPolicy(scalesDown ? "Max" : "Disabled")
        .withPolicies(policy("Percent", 50, DOWN_PERIOD_SECONDS))
        .endScaleDown()
        .endBehavior()
        .endSpec()
        .build();
  }

  private static List<MetricSpec> metrics(Autoscaling autoscaling) {
    List<MetricSpec> metrics = new ArrayList<>();
    Integer cpu = autoscaling.cpuUtilization();
    if (cpu != null) {
      metrics.add(
          new MetricSpecBuilder()
              // Of our container alone: one beside it without a request would stop the autoscaler.
              .withType("ContainerResource")
              .withNewContainerResource()
              .withContainer(Names.SERVER_CONTAINER)
              .withName("cpu")
              .withNewTarget()
              .withType("Utilization")
              .withAverageUtilization(cpu)
              .endTarget()
              .endContainerResource()
              .build());
    }
    Integer queued = autoscaling.queuedRequests();
    if (queued != null) {
      metrics.add(
          new MetricSpecBuilder()
              .withType("Pods")
              .withNewPods()
              .withNewMetric()
              .withName(QUEUE_METRIC)
              .endMetric()
              .withNewTarget()
              .withType("AverageValue")
              .withAverageValue(new Quantity(String.valueOf(queued)))
              .endTarget()
              .endPods()
              .build());
    }
    return metrics;
  }

  private static HPAScalingPolicy policy(String type, int value, int periodSeconds) {
    return new HPAScalingPolicyBuilder()
        .withType(type)
        .withValue(value)
        .withPeriodSeconds(periodSeconds)
        .build();
  }
}
