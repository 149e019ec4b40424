package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.HoneApi;
import dev.hone.api.Names;
import dev.hone.api.engine.EngineBuild;
import dev.hone.operator.engine.UnusedPolicy;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Engines that nobody needs go, with their files, and never under a pod that may load them. */
@WithApiServer
class EngineEvictionIT extends EngineTest {

  private static final String DIGEST_C = "sha256:" + "c".repeat(64);

  /** One engine may stay, and no second one. */
  private UnusedPolicy policy = new UnusedPolicy(OptionalLong.empty(), OptionalLong.of(BYTES + 1));

  @Override
  RunningOperator newOperator(ApiServer apiServer, int modelPort) {
    return RunningOperator.start(apiServer, bench.namespace(), modelPort, policy);
  }

  @BeforeEach
  void addVolume() {
    bench.apply("00-volume.yaml");
  }

  /** Has a model served with its engine; the pod that serves it. */
  private Pod served(String name, String digest) {
    serve(name, digest);
    finish(engine(digest));
    Deployment deployment = rollOut(name, digest);
    bench.inference(name, inferenceIs("Available"));
    return bench.client().pods().inNamespace(bench.namespace()).list().getItems().stream()
        .filter(
            pod ->
                deployment
                        .getMetadata()
                        .getUid()
                        .equals(pod.getMetadata().getOwnerReferences().getFirst().getUid())
                    && digest.equals(
                        pod.getMetadata().getAnnotations().get("hone.dev/model-digest")))
        .findFirst()
        .orElseThrow();
  }

  private void end(Pod pod) {
    bench.client().resource(pod).withGracePeriod(0).delete();
  }

  private static String deletionJob(HasMetadata build) {
    return Names.deletionJob(build.getMetadata().getName(), build.getMetadata().getUid());
  }

  /** As the garbage collector does, which is not here; nobody makes anything again meanwhile. */
  private void deleteWithItsUser(EngineBuild build) {
    stopOperator();
    bench.client().resource(bench.inference("one", inferenceIs("Available"))).delete();
    bench.client().apps().deployments().inNamespace(bench.namespace()).withName("one").delete();
    bench.client().resource(build).delete();
    startOperator();
  }

  private EngineBuild unused(EngineBuild build) {
    return bench.await(
        EngineBuild.class,
        build.getMetadata().getName(),
        seen -> seen.getStatus() != null && seen.getStatus().unusedSince() != null);
  }

  @Test
  void theOneThatWasNeededLongestAgoGoesWithItsFilesWhenTheyAreTooLarge() {
    Pod first = served("one", DIGEST_A);
    EngineBuild oldest = engine(DIGEST_A);
    assertThat(oldest.getMetadata().getFinalizers()).containsExactly(HoneApi.ENGINE_FINALIZER);
    Pod second = served("one", DIGEST_B);
    end(first);
    unused(oldest);
    EngineBuild younger = engine(DIGEST_B);
    assertThat(oldest.isMarkedForDeletion()).isFalse();

    served("one", DIGEST_C);
    end(second);
    String key = oldest.getMetadata().getName();
    Job deletion = bench.await(Job.class, deletionJob(oldest), found -> true);
    assertThat(deletion.getMetadata().getOwnerReferences()).isEmpty();
    var container = deletion.getSpec().getTemplate().getSpec().getContainers().getFirst();
    assertThat(container.getImage()).isEqualTo(RunningOperator.SERVER_IMAGE);
    assertThat(container.getArgs()).containsExactly("delete-engine");
    assertThat(container.getEnv())
        .extracting(variable -> variable.getName() + "=" + variable.getValue())
        .contains("HONE_ENGINE_KEY=" + key, "HONE_ENGINES=/mnt/pvc/spam-filter/artifacts/engines");
    EngineBuild deleting =
        bench.await(
            EngineBuild.class,
            key,
            seen -> message(seen.getStatus().conditions(), "Ready").startsWith("deletes pvc://"));
    assertThat(deleting.getStatus().engine()).isNull();
    kubelet.succeed(deletion);
    bench.awaitGone(EngineBuild.class, key);
    bench.awaitGone(Job.class, deletion.getMetadata().getName());
    assertThat(unused(younger).isMarkedForDeletion()).isFalse();
  }

  @Test
  void oneThatNobodyHasNeededForLongGoesWhoeverLooks() {
    Pod first = served("one", DIGEST_A);
    EngineBuild old = engine(DIGEST_A);
    served("one", DIGEST_B);
    end(first);
    unused(old);
    stopOperator();
    policy = new UnusedPolicy(OptionalLong.of(3), OptionalLong.empty());
    startOperator();
    kubelet.succeed(bench.await(Job.class, deletionJob(old), found -> true));
    bench.awaitGone(EngineBuild.class, old.getMetadata().getName());
    assertThat(engine(DIGEST_B).isMarkedForDeletion()).isFalse();
  }

  @Test
  void whatAPodMayLoadStaysUntilThePodIsGone() {
    Pod pod = served("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    deleteWithItsUser(build);
    EngineBuild waiting =
        bench.await(
            EngineBuild.class,
            key,
            seen -> message(seen.getStatus().conditions(), "Ready").startsWith("waits to delete"));
    assertThat(message(waiting.getStatus().conditions(), "Ready"))
        .isEqualTo(
            "waits to delete its files until the pods of InferenceDeployment one that may load them are gone");
    assertThat(bench.client().batch().v1().jobs().inNamespace(bench.namespace()).list().getItems())
        .extracting(job -> job.getMetadata().getName())
        .containsExactly(key);
    end(pod);
    kubelet.succeed(bench.await(Job.class, deletionJob(build), found -> true));
    bench.awaitGone(EngineBuild.class, key);
  }

  @Test
  void oneThatIsNeededIsMadeAgainAndKeepsItsFiles() {
    served("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    String key = build.getMetadata().getName();
    bench.client().resource(build).delete();
    bench.await(
        EngineBuild.class,
        key,
        seen -> !seen.getMetadata().getUid().equals(build.getMetadata().getUid()));
    assertThat(List.of(Names.deletionJob(key, build.getMetadata().getUid())))
        .noneMatch(
            name ->
                bench
                        .client()
                        .batch()
                        .v1()
                        .jobs()
                        .inNamespace(bench.namespace())
                        .withName(name)
                        .get()
                    != null);
  }

  @Test
  void withoutItsClaimThereIsNothingToDelete() {
    Pod pod = served("one", DIGEST_A);
    EngineBuild build = engine(DIGEST_A);
    end(pod);
    bench
        .client()
        .persistentVolumeClaims()
        .inNamespace(bench.namespace())
        .withName("spam-filter")
        .delete();
    deleteWithItsUser(build);
    bench.awaitGone(EngineBuild.class, build.getMetadata().getName());
    bench.awaitEvent(
        build.getMetadata().getName(),
        event ->
            event.startsWith("ArtifactKept: PersistentVolumeClaim spam-filter is gone or going"));
  }
}
