package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Names;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rollouts of versions that load engines: each is built before the pods that load it. */
@WithApiServer
class EngineRolloutIT extends RolloutTest {

  private EngineBuilders builders;

  @BeforeEach
  void addNode() {
    builders = new EngineBuilders(bench, kubelet);
    builders.addNode("v3", Map.of(EngineBuilders.FEATURE + "cpu-cpuid.AVX2", "true"));
  }

  @AfterEach
  void removeNodes() {
    builders.removeNodes();
  }

  private void wanted(ServedModel model) {
    apply(model, builders.spec(), "");
  }

  /** The first version serves, with its engine. */
  private EngineBuild serving() {
    wanted(A);
    EngineBuild build = builders.engine(DIGEST_A);
    InferenceDeployment waiting = bench.inference(NAME, inferenceIs("BuildingEngine"));
    assertThat(message(conditions(waiting), "Ready"))
        .startsWith("waits for EngineBuild " + build.getMetadata().getName());
    assertThat(pods(A)).isNull();
    builders.finish(build);
    presentCertificate();
    ready(deployment(A), Names.SERVER_CONTAINER);
    ready(Names.router(NAME), Names.ROUTER_CONTAINER);
    await(RolloutStage.COMPLETE, inferenceIs("Available"));
    return build;
  }

  /** What the pods of a version are made from; null if there are none. */
  private PodTemplateSpec pods(ServedModel model) {
    Deployment found =
        bench
            .client()
            .apps()
            .deployments()
            .inNamespace(bench.namespace())
            .withName(deployment(model))
            .get();
    return found == null ? null : found.getSpec().getTemplate();
  }

  private static void loads(PodTemplateSpec pods, EngineBuild build) {
    String key = build.getMetadata().getName();
    assertThat(pods.getMetadata().getAnnotations()).containsEntry(Serving.ENGINES_ANNOTATION, key);
    assertThat(pods.getSpec().getContainers().getFirst().getVolumeMounts())
        .extracting(VolumeMount::getMountPath)
        .contains("/engines/" + key);
    assertThat(pods.getSpec().getAffinity().getNodeAffinity()).isNotNull();
  }

  @Test
  void aNewVersionHasItsEngineBeforeItHasPods() {
    EngineBuild first = serving();
    PodTemplateSpec stable = pods(A);
    loads(stable, first);

    wanted(B);
    EngineBuild second = builders.engine(DIGEST_B);
    String key = second.getMetadata().getName();
    InferenceDeployment waiting =
        awaitDecision(RolloutStage.PREPARING, "waits for EngineBuild " + key);
    assertThat(message(conditions(waiting), "EnginesReady"))
        .startsWith("the stable version: built for ")
        .contains("; the new version: waits for EngineBuild " + key);
    assertThat(ConditionSet.isTrue(conditions(waiting), "Available")).isTrue();
    assertThat(pods(B)).isNull();
    assertThat(pods(A)).isEqualTo(stable);

    builders.finish(second);
    ready(deployment(B), Names.SERVER_CONTAINER);
    loads(pods(B), second);
    await(RolloutStage.SHADOW, found -> true);
    assertThat(builders.engine(DIGEST_A).getMetadata().getOwnerReferences()).hasSize(1);
    counted =
        arm("stable", 1000, 0, 2000)
            + arm("shadow", 500, 0, 2000)
            + arm("candidate", 500, 0, 2000)
            + compared(500, 500);
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
    bench.await(
        EngineBuild.class,
        first.getMetadata().getName(),
        seen -> seen.getStatus().unusedSince() != null);
    assertThat(builders.engine(DIGEST_B).getStatus().unusedSince()).isNull();
  }

  @Test
  void aVersionWhoseEngineCannotBeBuiltIsStopped() {
    serving();
    wanted(B);
    EngineBuild build = builders.engine(DIGEST_B);
    builders.fail(build);
    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, inferenceIs("RolledBack"));
    assertThat(stopped.getStatus().rollout().decision())
        .contains(" does not start: waits for EngineBuild " + build.getMetadata().getName())
        .contains("TensorRT cannot build it: no such operator");
    assertThat(pods(B)).isNull();
    assertThat(stopped.getStatus().servedDigest()).isEqualTo(DIGEST_A);
    // Nobody needs it, and its Job is over.
    bench.await(
        EngineBuild.class,
        build.getMetadata().getName(),
        seen -> seen.getMetadata().getOwnerReferences().isEmpty());
  }

  @Test
  void otherEnginesOfTheStableVersionAreBuiltBeforeItsPodsAreReplaced() {
    EngineBuild first = serving();
    PodTemplateSpec stable = pods(A);
    bench.patch(
        InferenceDeployment.class, NAME, "{\"spec\": {\"batching\": {\"maxBatchSize\": 2}}}");
    bench.inference(NAME, inferenceIs("BuildingEngine"));
    List<EngineBuild> both = builders.engines();
    assertThat(both).hasSize(2);
    assertThat(pods(A)).isEqualTo(stable);
    EngineBuild second =
        both.stream()
            .filter(build -> !build.getMetadata().getName().equals(first.getMetadata().getName()))
            .findFirst()
            .orElseThrow();
    builders.finish(second);
    bench.await(
        Deployment.class,
        deployment(A),
        found ->
            second
                .getMetadata()
                .getName()
                .equals(
                    found
                        .getSpec()
                        .getTemplate()
                        .getMetadata()
                        .getAnnotations()
                        .get(Serving.ENGINES_ANNOTATION)));
    loads(pods(A), second);
  }
}
