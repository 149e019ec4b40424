package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.inferenceIs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.FieldManagers;
import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.ServedModel;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The number of pods that an autoscaler has reached outlives what becomes of a version. */
@WithApiServer
class AutoscaledRolloutIT extends RolloutTest {

  private static final String COUNT =
      "autoscaling: {minReplicas: 2, maxReplicas: 8, cpuUtilization: 70}";

  private Autoscaler autoscaler;

  @BeforeEach
  void addAutoscaler() {
    autoscaler = new Autoscaler(bench);
  }

  /** The first version with four pods, which the autoscaler has asked for. */
  private void fourPods() {
    firstVersion(COUNT);
    Deployment given = autoscaler.awaitHandedOver(deployment(A));
    assertThat(given.getSpec().getReplicas()).isEqualTo(2);
    awaitTarget(deployment(A), false);
    autoscaler.scale(Deployment.class, deployment(A), 4);
    ready(A, 4);
    bench.inference(NAME, found -> "4/4".equals(found.getStatus().summary().ready()));
  }

  private void awaitPods(ServedModel model, int pods) {
    bench.await(
        Deployment.class, deployment(model), found -> found.getSpec().getReplicas() == pods);
  }

  private void ready(ServedModel model, int pods) {
    awaitPods(model, pods);
    ready(deployment(model), Names.SERVER_CONTAINER);
  }

  private void awaitTarget(String deployment, boolean scalesDown) {
    bench.await(
        HorizontalPodAutoscaler.class,
        NAME,
        found ->
            found.getSpec().getScaleTargetRef().getName().equals(deployment)
                && found
                    .getSpec()
                    .getBehavior()
                    .getScaleDown()
                    .getSelectPolicy()
                    .equals(scalesDown ? "Max" : "Disabled"));
  }

  private void soakFor(int seconds) {
    bench.patch(
        InferenceDeployment.class,
        NAME,
        "{\"spec\": {\"rollout\": {\"soakSeconds\": %d}}}".formatted(seconds));
  }

  /** From a first version to a second one that answers everything. */
  private void soak() {
    apply(B, COUNT, "");
    await(RolloutStage.PREPARING, found -> found.getStatus().rollout().candidate() != null);
    ready(B, 4);
    awaitTarget(deployment(A), false);
    await(RolloutStage.SHADOW, found -> true);
    soakFor(3600);
    counted = arm("stable", 1000, 0, 2000) + arm("shadow", 500, 0, 2000) + compared(500, 500);
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);

    // The load grows: the other version follows, and waits with its share of the requests.
    autoscaler.scale(Deployment.class, deployment(A), 5);
    awaitPods(B, 5);
    counted = arm("stable", 1000, 0, 2000) + arm("candidate", 500, 0, 2000) + compared(500, 500);
    awaitDecision(RolloutStage.CANARY, "waits for all of its 5 pods before it goes on");
    assertThat(routing.path("weight").asInt()).isEqualTo(5);
    ready(A, 5);
    ready(B, 5);
    await(RolloutStage.SOAKING, found -> true);
    awaitTarget(deployment(B), false);
    autoscaler.awaitHandedOver(deployment(B));
  }

  @Test
  void theNumberIsKeptThroughACanaryAndAPromotion() {
    fourPods();
    Map<String, List<Integer>> seen = autoscaler.watchReplicas();
    soak();
    // Now the new version has the load, and the old one stays as able to take it back.
    autoscaler.scale(Deployment.class, deployment(B), 7);
    awaitPods(A, 7);
    ready(A, 7);
    ready(B, 7);

    soakFor(1);
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
    bench.awaitGone(Deployment.class, deployment(A));
    awaitTarget(deployment(B), false);
    InferenceDeployment done = bench.inference(NAME, inferenceIs("Available"));
    assertThat(done.getStatus().replicas()).isEqualTo(7);
    assertThat(Autoscaler.owners(bench.await(Deployment.class, deployment(B), found -> true)))
        .doesNotContain(FieldManagers.OPERATOR);
    // The operator writes into this Deployment on, and leaves its number of pods alone.
    autoscaler.scale(Deployment.class, deployment(B), 3);
    ready(B, 3);
    bench.inference(NAME, found -> "3/3".equals(found.getStatus().summary().ready()));
    assertThat(seen.get(deployment(A))).isSorted().contains(4, 5, 7).doesNotContain(0, 1, 2, 3);
    assertThat(seen.get(deployment(B))).startsWith(4).doesNotContain(0, 1, 2);
  }

  @Test
  void theNumberIsKeptThroughARollback() {
    fourPods();
    Map<String, List<Integer>> seen = autoscaler.watchReplicas();
    soak();
    autoscaler.scale(Deployment.class, deployment(B), 6);
    awaitPods(A, 6);

    counted = arm("stable", 1000, 0, 2000) + arm("candidate", 500, 400, 2000);
    await(RolloutStage.ROLLED_BACK, inferenceIs("RolledBack"));
    bench.awaitGone(Deployment.class, deployment(B));
    awaitTarget(deployment(A), false);
    autoscaler.awaitHandedOver(deployment(A));
    assertThat(seen.get(deployment(A))).isSorted().endsWith(6);
    // It is the autoscaler's again.
    autoscaler.scale(Deployment.class, deployment(A), 8);
    ready(A, 8);
    bench.inference(NAME, found -> "8/8".equals(found.getStatus().summary().ready()));
    assertThat(seen.get(deployment(A))).isSorted().endsWith(8);
  }

  @Test
  void theNumberIsKeptWhenAPolicyComesAndGoes() {
    applySpec(A, COUNT);
    autoscaler.awaitHandedOver(NAME);
    awaitTarget(NAME, true);
    autoscaler.scale(Deployment.class, NAME, 5);
    ready(NAME, Names.SERVER_CONTAINER);
    bench.inference(NAME, found -> "5/5".equals(found.getStatus().summary().ready()));
    Map<String, List<Integer>> seen = autoscaler.watchReplicas();

    apply(A, COUNT, "");
    presentCertificate();
    ready(A, 5);
    awaitTarget(deployment(A), false);
    autoscaler.awaitHandedOver(deployment(A));
    ready(Names.router(NAME), Names.ROUTER_CONTAINER);
    await(RolloutStage.COMPLETE, found -> true);
    bench.awaitGone(Deployment.class, NAME);
    assertThat(seen.get(NAME)).containsOnly(5);

    bench.patch(InferenceDeployment.class, NAME, "{\"spec\": {\"rollout\": null}}");
    autoscaler.awaitHandedOver(NAME);
    ready(NAME, Names.SERVER_CONTAINER);
    bench.awaitGone(Deployment.class, deployment(A));
    awaitTarget(NAME, true);
    bench.inference(NAME, found -> "5/5".equals(found.getStatus().summary().ready()));
    assertThat(seen.get(NAME)).containsOnly(5);
    assertThat(seen.get(deployment(A))).containsOnly(5);
  }
}
