package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.FieldManagers;
import dev.hone.api.Labels;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerConditionBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatusBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The number of pods passes to an autoscaler and back, and never falls in between. */
@WithApiServer
class AutoscalingIT extends OperatorTest {

  private static final String NAME = "spam";

  private Autoscaler autoscaler;

  @BeforeEach
  void addAutoscaler() {
    autoscaler = new Autoscaler(bench);
  }

  private void serve(String digest, String count) {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: %s}
        spec:
          model: {uri: "pvc://spam-filter/artifacts/model", digest: "%s"}
          %s
          resources: {cpu: 500m}
        """
            .formatted(NAME, digest, count));
  }

  private static String between(int least, int most) {
    return "autoscaling: {minReplicas: %d, maxReplicas: %d, cpuUtilization: 70}"
        .formatted(least, most);
  }

  private Deployment available(int pods) {
    Deployment deployment =
        bench.await(Deployment.class, NAME, found -> found.getSpec().getReplicas() == pods);
    kubelet.running(kubelet.podOf(deployment), "server");
    kubelet.rolledOut(deployment, pods);
    bench.inference(
        NAME,
        found ->
            inferenceIs("Available").test(found)
                && message(conditions(found), "Ready")
                    .startsWith("%d of %d replicas serve".formatted(pods, pods)));
    return deployment;
  }

  @Test
  void theCountIsKeptThroughEveryHandover() {
    serve(DIGEST_A, "replicas: 3");
    available(3);
    Map<String, List<Integer>> seen = autoscaler.watchReplicas();

    serve(DIGEST_A, between(1, 5));
    HorizontalPodAutoscaler made = bench.await(HorizontalPodAutoscaler.class, NAME, found -> true);
    assertThat(made.getSpec().getScaleTargetRef().getKind()).isEqualTo("Deployment");
    assertThat(made.getSpec().getScaleTargetRef().getName()).isEqualTo(NAME);
    assertThat(made.getSpec().getMaxReplicas()).isEqualTo(5);
    assertThat(made.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(owner -> assertThat(owner.getController()).isTrue());
    assertThat(Autoscaler.owners(autoscaler.awaitHandedOver(NAME)))
        .containsExactly(FieldManagers.HANDOVER);
    bench.awaitGone(PodDisruptionBudget.class, NAME);
    available(3);

    // The autoscaler's turn: nothing that the operator does afterwards may touch its count.
    autoscaler.scale(Deployment.class, NAME, 5);
    available(5);
    serve(DIGEST_B, between(2, 6));
    awaitModel(NAME, DIGEST_B);
    bench.await(
        HorizontalPodAutoscaler.class,
        NAME,
        found -> found.getSpec().getMaxReplicas() == 6 && found.getSpec().getMinReplicas() == 2);
    bench.await(PodDisruptionBudget.class, NAME, found -> true);
    InferenceDeployment followed = bench.inference(NAME, found -> count(found) == 5);
    assertThat(followed.getStatus().summary().ready()).endsWith("/5");
    available(5);
    assertThat(seen.get(NAME)).containsOnly(3, 5);

    serve(DIGEST_B, "replicas: 4");
    bench.awaitGone(HorizontalPodAutoscaler.class, NAME);
    Deployment taken =
        bench.await(
            Deployment.class,
            NAME,
            found -> Autoscaler.owners(found).equals(Set.of(FieldManagers.OPERATOR)));
    assertThat(taken.getSpec().getReplicas()).isEqualTo(4);
    available(4);
    autoscaler.scale(Deployment.class, NAME, 2);
    bench.await(Deployment.class, NAME, found -> found.getSpec().getReplicas() == 4);

    serve(DIGEST_B, between(2, 6));
    assertThat(autoscaler.awaitHandedOver(NAME).getSpec().getReplicas()).isEqualTo(4);
    assertThat(seen.get(NAME)).containsOnly(2, 3, 4, 5);
  }

  private static int count(InferenceDeployment resource) {
    return resource.getStatus() == null || resource.getStatus().replicas() == null
        ? -1
        : resource.getStatus().replicas();
  }

  @Test
  void aNewOneStartsWithTheFewestPodsAndSaysWhatItsAutoscalerLacks() {
    serve(DIGEST_A, between(2, 4));
    assertThat(autoscaler.awaitHandedOver(NAME).getSpec().getReplicas()).isEqualTo(2);
    bench.await(PodDisruptionBudget.class, NAME, found -> true);
    available(2);

    HorizontalPodAutoscaler made = bench.await(HorizontalPodAutoscaler.class, NAME, found -> true);
    bench
        .client()
        .resource(made)
        .editStatus(
            seen ->
                new HorizontalPodAutoscalerBuilder(seen)
                    .withStatus(
                        new HorizontalPodAutoscalerStatusBuilder()
                            .withDesiredReplicas(0)
                            .withCurrentReplicas(2)
                            .withConditions(
                                new HorizontalPodAutoscalerConditionBuilder()
                                    .withType("ScalingActive")
                                    .withStatus("False")
                                    .withReason("FailedGetContainerResourceMetric")
                                    .withMessage("no metrics returned from resource metrics API")
                                    .build())
                            .build())
                    .build());
    bench.inference(
        NAME,
        found ->
            message(conditions(found), "Ready")
                .endsWith(
                    "; its autoscaler cannot decide: no metrics returned from resource metrics API"));

    // Somebody stops it all, as the documentation of autoscalers has it.
    autoscaler.scale(Deployment.class, NAME, 0);
    kubelet.rolledOut(
        bench.await(Deployment.class, NAME, found -> found.getSpec().getReplicas() == 0), 0);
    bench.inference(
        NAME,
        found -> message(conditions(found), "Ready").contains("scaled to 0, where its autoscaler"));
  }

  @Test
  void fromNoPodsItStartsWithTheFewest() {
    serve(DIGEST_A, "replicas: 0");
    bench.await(Deployment.class, NAME, found -> found.getSpec().getReplicas() == 0);
    serve(DIGEST_A, between(2, 4));
    assertThat(autoscaler.awaitHandedOver(NAME).getSpec().getReplicas()).isEqualTo(2);
  }

  @Test
  void anAutoscalerOfSomebodyElseIsLeftAlone() {
    bench.applyText(
        """
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: spam}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: another}
          maxReplicas: 9
        """);
    serve(DIGEST_A, between(2, 4));
    InferenceDeployment refused = bench.inference(NAME, inferenceIs("Invalid"));
    assertThat(message(conditions(refused), "Ready"))
        .isEqualTo(
            "HorizontalPodAutoscaler spam is in the way: it belongs to no resource of Hone; delete it, or give"
                + " this resource another name");
    assertThat(
            bench
                .await(HorizontalPodAutoscaler.class, NAME, found -> true)
                .getSpec()
                .getMaxReplicas())
        .isEqualTo(9);
  }

  @Test
  void theResourceItselfCanBeScaled() {
    serve(DIGEST_A, "replicas: 1");
    available(1);
    Scale scale =
        bench
            .client()
            .resources(InferenceDeployment.class)
            .inNamespace(bench.namespace())
            .withName(NAME)
            .scale();
    assertThat(scale.getStatus().getReplicas()).isEqualTo(1);
    assertThat(List.of(scale.getStatus().getSelector().split(",")))
        .contains(Labels.NAME + "=" + NAME);
    autoscaler.scale(InferenceDeployment.class, NAME, 3);
    available(3);
  }
}
