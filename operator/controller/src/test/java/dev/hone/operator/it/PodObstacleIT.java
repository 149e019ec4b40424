package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What keeps a pod from being made or started and stands only in events: the condition says it. */
@WithApiServer
class PodObstacleIT extends OperatorTest {

  private FineTuneJob pending(String part) {
    return bench.fineTune("spam-lora", job -> message(conditions(job), "Ready").contains(part));
  }

  @Test
  void aQuotaThatRefusesThePodIsSaidInTheApiServersWords() {
    Map<String, Quantity> hard = Map.of("limits.memory", new Quantity("1Gi"));
    ResourceQuota quota =
        bench
            .client()
            .resource(
                new ResourceQuotaBuilder()
                    .withNewMetadata()
                    .withName("small")
                    .withNamespace(bench.namespace())
                    .endMetadata()
                    .withNewSpec()
                    .withHard(hard)
                    .endSpec()
                    .build())
            .create();
    // Its controller, which does not run here, counts what is used.
    bench
        .client()
        .resource(quota)
        .editStatus(
            seen ->
                new ResourceQuotaBuilder(seen)
                    .withNewStatus()
                    .withHard(hard)
                    .withUsed(Map.of("limits.memory", new Quantity("0")))
                    .endStatus()
                    .build());
    bench.apply(Workbench.FINE_TUNE);
    kubelet.refused(bench.job("spam-lora"));
    FineTuneJob waiting = pending("quota");
    assertThat(fineTuneIs("Pending").test(waiting)).isTrue();
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "the API server refuses the pod: exceeded quota: small, requested: limits.memory=4Gi, used:"
                + " limits.memory=0, limited: limits.memory=1Gi; wait until others have ended, ask for less in"
                + " spec.resources together with a new value of spec.rerun, or have the quota raised");
  }

  @Test
  void aLimitRangeIsNamedAndANewValueIsTaken() {
    bench
        .client()
        .resource(
            new LimitRangeBuilder()
                .withNewMetadata()
                .withName("small")
                .withNamespace(bench.namespace())
                .endMetadata()
                .withNewSpec()
                .addNewLimit()
                .withType("Container")
                .withMax(Map.of("memory", new Quantity("1Gi")))
                .endLimit()
                .endSpec()
                .build())
        .create();
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    kubelet.refused(job);
    FineTuneJob waiting = pending("usage per");
    assertThat(message(conditions(waiting), "Ready"))
        .startsWith("the API server refuses the pod: ")
        .contains("maximum memory usage per Container is 1Gi")
        .endsWith(
            "; keep within that in spec.resources together with a new value of spec.rerun, or have the LimitRange"
                + " changed");
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"resources\":{\"memory\":\"512Mi\"},\"rerun\":\"smaller\"}}");
    bench.awaitGone(Job.class, job.getMetadata().getName());
    kubelet.podOf(bench.job("spam-lora"));
    pending("is starting");
  }

  @Test
  void aVolumeThatCannotBeMountedIsNamed() {
    bench.apply(Workbench.FINE_TUNE);
    Pod pod = kubelet.podOf(bench.job("spam-lora"));
    kubelet.scheduled(pod);
    kubelet.warn(
        pod,
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[extra]: timed out waiting for the condition");
    kubelet.warn(
        pod,
        "FailedMount",
        "MountVolume.SetUp failed for volume \"extra\" : configmap \"nope\" not found");
    FineTuneJob waiting = pending("nope");
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "volume extra cannot be mounted: configmap \"nope\" not found; create what is missing, or correct"
                + " spec.podTemplate");
    assertThat(fineTuneIs("Pending").test(waiting)).isTrue();
    kubelet.running(pod, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
  }

  @Test
  void aServingPodThatIsRefusedIsSaidByItsDeployment() {
    bench.apply(
        Workbench.SERVE,
        yaml ->
            yaml.replaceFirst(
                "from:\\s+kind: CompressionJob\\s+name: spam-int8", "uri: pvc://spam-filter/m"));
    Deployment deployment = bench.await(Deployment.class, "spam", found -> true);
    bench
        .client()
        .resource(deployment)
        .editStatus(
            seen -> {
              seen.getStatus()
                  .getConditions()
                  .add(
                      new DeploymentConditionBuilder()
                          .withType("ReplicaFailure")
                          .withStatus("True")
                          .withReason("FailedCreate")
                          .withMessage(
                              "pods \"spam-1-x\" is forbidden: exceeded quota: small, requested: pods=1")
                          .build());
              return seen;
            });
    InferenceDeployment stuck =
        bench.inference(
            "spam", resource -> message(conditions(resource), "Ready").contains("quota"));
    assertThat(inferenceIs("Deploying").test(stuck)).isTrue();
    assertThat(message(conditions(stuck), "Ready"))
        .endsWith(
            "the API server refuses the pod: exceeded quota: small, requested: pods=1; wait until others have ended,"
                + " ask for less in spec.resources, or have the quota raised");
  }
}
