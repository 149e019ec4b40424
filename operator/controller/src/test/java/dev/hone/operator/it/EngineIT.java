package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Engines are built once for a key, before the pods that load them. */
@WithApiServer
class EngineIT extends EngineTest {

  @Test
  void twoDeploymentsWithOneKeyShareOneBuildAndStartWhenItIsReady() {
    serve("one", DIGEST_A);
    serve("two", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    InferenceDeployment waiting = bench.inference("one", inferenceIs("BuildingEngine"));
    bench.inference("two", inferenceIs("BuildingEngine"));
    assertThat(message(conditions(waiting), "EnginesReady"))
        .startsWith("waits for EngineBuild " + key + " for x86-64-v3");
    assertThat(bench.client().apps().deployments().inNamespace(bench.namespace()).list().getItems())
        .isEmpty();
    bench.await(
        EngineBuild.class, key, seen -> seen.getMetadata().getOwnerReferences().size() == 2);
    assertThat(engine(DIGEST_A).getMetadata().getOwnerReferences())
        .extracting(OwnerReference::getName)
        .containsExactlyInAnyOrder("one", "two");

    Job job = bench.job(key);
    PodSpec pod = job.getSpec().getTemplate().getSpec();
    assertThat(pod.getNodeSelector()).containsEntry("pool", bench.namespace());
    assertThat(classes(pod)).contains(FEATURE + "cpu-cpuid.AVX2");
    assertThat(pod.getContainers().getFirst().getArgs()).containsExactly("build-engine");
    finish(build);
    assertThat(bench.jobs(key)).hasSize(1);
    EngineBuild built = engine(DIGEST_A);
    assertThat(built.getStatus().engine().uri())
        .isEqualTo("pvc://spam-filter/artifacts/engines/" + key);
    assertThat(built.getStatus().engine().sizeBytes()).isEqualTo(1234);
    assertThat(message(built.getStatus().conditions(), "Ready"))
        .isEqualTo("the engine was built in 2.5 s");

    for (String name : List.of("one", "two")) {
      PodSpec serving = rollOut(name, DIGEST_A).getSpec().getTemplate().getSpec();
      assertThat(classes(serving)).contains(FEATURE + "cpu-cpuid.AVX2", "kubernetes.io/arch");
      Container server = serving.getContainers().getFirst();
      assertThat(server.getVolumeMounts())
          .anySatisfy(
              mount -> {
                assertThat(mount.getMountPath()).isEqualTo("/engines/" + key);
                assertThat(mount.getSubPath()).isEqualTo("artifacts/engines/" + key);
                assertThat(mount.getReadOnly()).isTrue();
              });
      assertThat(server.getEnv())
          .extracting(variable -> variable.getName() + "=" + variable.getValue())
          .contains(
              "HONE_ENGINES=/engines",
              "HONE_MAX_BATCH=4",
              "HONE_SEQUENCE_LENGTHS=32,128",
              "HONE_MAX_WAIT_MILLIS=500",
              "HONE_PROVIDERS=CPU");
      InferenceDeployment available = bench.inference(name, inferenceIs("Available"));
      assertThat(ConditionSet.isTrue(conditions(available), "EnginesReady")).isTrue();
    }
  }

  private static List<String> classes(PodSpec pod) {
    return pod
        .getAffinity()
        .getNodeAffinity()
        .getRequiredDuringSchedulingIgnoredDuringExecution()
        .getNodeSelectorTerms()
        .stream()
        .flatMap(term -> term.getMatchExpressions().stream())
        .map(NodeSelectorRequirement::getKey)
        .toList();
  }

  @Test
  void anotherModelIsBuiltBeforeItIsRolledOutAndTheOldEngineIsUnusedAfterwards() {
    serve("one", DIGEST_A);
    finish(engine(DIGEST_A));
    rollOut("one", DIGEST_A);
    bench.inference("one", inferenceIs("Available"));
    String old = engine(DIGEST_A).getMetadata().getName();

    serve("one", DIGEST_B);
    EngineBuild next = engine(DIGEST_B);
    bench.inference("one", inferenceIs("BuildingEngine"));
    assertThat(
            bench
                .await(Deployment.class, "one", found -> true)
                .getSpec()
                .getTemplate()
                .getMetadata()
                .getAnnotations())
        .containsEntry(Serving.DIGEST_ANNOTATION, DIGEST_A)
        .containsEntry(Serving.ENGINES_ANNOTATION, old);
    assertThat(engines()).hasSize(2);

    finish(next);
    rollOut("one", DIGEST_B);
    bench.inference("one", inferenceIs("Available"));
    bench.await(EngineBuild.class, old, seen -> seen.getStatus().unusedSince() != null);
    assertThat(engine(DIGEST_A).getMetadata().getOwnerReferences()).isEmpty();
    assertThat(engine(DIGEST_B).getStatus().unusedSince()).isNull();

    // Back to the model of before: its engine is there, and nothing is built.
    serve("one", DIGEST_A);
    rollOut("one", DIGEST_A);
    bench.await(EngineBuild.class, old, seen -> seen.getStatus().unusedSince() == null);
    assertThat(bench.jobs(old)).hasSize(1);
  }

  private void awaitAnotherJob(String key, Job than) {
    bench.await(
        Job.class, key, seen -> !seen.getMetadata().getUid().equals(than.getMetadata().getUid()));
  }

  @Test
  void theWordsOfTheBuilderReachTheDeploymentAndADeletedBuildIsTriedAgain() {
    serve("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    Job job = bench.job(key);
    Pod pod = builders.fail(build);
    InferenceDeployment failed = bench.inference("one", inferenceIs("EngineFailed"));
    assertThat(message(conditions(failed), "Ready"))
        .contains("EngineBuild " + key, "TensorRT cannot build it: no such operator");
    assertThat(engine(DIGEST_A).getStatus().failure().reason()).isEqualTo("EngineFailed");

    // The garbage collector, which this API server has not, takes the Job and its pod.
    bench.client().resource(pod).withGracePeriod(0).delete();
    bench.client().resource(engine(DIGEST_A)).delete();
    bench.client().resource(job).delete();
    bench.await(
        EngineBuild.class,
        key,
        seen -> !seen.getMetadata().getUid().equals(build.getMetadata().getUid()));
    awaitAnotherJob(key, job);
    finish(engine(DIGEST_A));
  }

  @Test
  void theJobOfAnEarlierBuildMakesRoomForThatOfTheNextOne() {
    serve("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    Job job = bench.job(key);
    Pod pod = builders.fail(build);
    bench.inference("one", inferenceIs("EngineFailed"));

    bench.client().resource(build).delete();
    EngineBuild next =
        bench.await(
            EngineBuild.class,
            key,
            seen ->
                !seen.getMetadata().getUid().equals(build.getMetadata().getUid())
                    && seen.getStatus() != null
                    && message(seen.getStatus().conditions(), "Ready").contains("earlier"));
    assertThat(message(next.getStatus().conditions(), "Ready"))
        .isEqualTo(
            "waits until Job %s of an earlier EngineBuild of this key is gone".formatted(key));
    // Its pod may still write: it goes first, by the garbage collector, which is not here.
    Job going = bench.await(Job.class, key, HasMetadata::isMarkedForDeletion);
    assertThat(going.getMetadata().getUid()).isEqualTo(job.getMetadata().getUid());
    assertThat(going.getMetadata().getFinalizers()).contains("foregroundDeletion");
    bench.client().resource(pod).withGracePeriod(0).delete();
    bench.patch(Job.class, key, "{\"metadata\":{\"finalizers\":null}}");
    awaitAnotherJob(key, job);
    finish(next);
  }

  @Test
  void aJobOfSomebodyElseIsLeftAlone() {
    serve("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    Job job = bench.job(key);
    bench.patch(Job.class, key, "{\"metadata\":{\"ownerReferences\":null}}");
    EngineBuild refused =
        bench.await(
            EngineBuild.class,
            key,
            seen ->
                seen.getStatus() != null
                    && message(seen.getStatus().conditions(), "Ready").contains("in the way"));
    assertThat(message(refused.getStatus().conditions(), "Ready"))
        .isEqualTo("Job %s is in the way: it belongs to something else; delete it".formatted(key));
    assertThat(bench.await(Job.class, key, found -> true).getMetadata().getUid())
        .isEqualTo(job.getMetadata().getUid());
  }

  @Test
  void anotherClassOfNodesJoinsWhenItsEngineIsReady() {
    builders.addNode(
        "v4", Map.of(FEATURE + "cpu-cpuid.AVX2", "true", FEATURE + "cpu-cpuid.AVX512F", "true"));
    serve("one", DIGEST_A);
    bench
        .client()
        .resources(EngineBuild.class)
        .inNamespace(bench.namespace())
        .informOnCondition(found -> found.size() == 2)
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
    finish(engines().getFirst());
    Deployment half =
        bench.await(
            Deployment.class,
            "one",
            found ->
                !found
                    .getSpec()
                    .getTemplate()
                    .getMetadata()
                    .getAnnotations()
                    .get(Serving.ENGINES_ANNOTATION)
                    .contains(","));
    assertThat(half.getMetadata().getName()).isEqualTo("one");
    finish(engines().getLast());
    Deployment whole =
        bench.await(
            Deployment.class,
            "one",
            found ->
                found
                    .getSpec()
                    .getTemplate()
                    .getMetadata()
                    .getAnnotations()
                    .get(Serving.ENGINES_ANNOTATION)
                    .contains(","));
    assertThat(
            whole
                .getSpec()
                .getTemplate()
                .getSpec()
                .getAffinity()
                .getNodeAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution()
                .getNodeSelectorTerms())
        .hasSize(2);
  }
}
