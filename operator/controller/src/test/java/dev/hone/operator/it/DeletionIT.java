package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.HoneApi;
import dev.hone.api.Names;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Serving;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a deletion does to artifacts, and what it waits for. */
@WithApiServer
class DeletionIT extends OperatorTest {

  private static final String OUTPUT = "pvc://spam-filter/artifacts";
  private static final String DELETE = "{\"spec\":{\"output\":{\"deletionPolicy\":\"Delete\"}}}";

  /** A completed run whose artifacts go with it. */
  private FineTuneJob completed() {
    bench.apply("00-volume.yaml");
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    kubelet.result(job, "result.finetune.json", artifact(job), DIGEST_A);
    kubelet.succeed(job);
    bench.fineTune("spam-lora", fineTuneIs("Completed"));
    bench.patch(FineTuneJob.class, "spam-lora", DELETE);
    return bench.fineTune("spam-lora", found -> found.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER));
  }

  private static String artifact(Job job) {
    return OUTPUT + "/" + job.getMetadata().getName();
  }

  private static String deletionJob(HasMetadata resource) {
    return Names.deletionJob(resource.getMetadata().getName(), resource.getMetadata().getUid());
  }

  private void delete(HasMetadata resource) {
    bench.client().resource(resource).delete();
  }

  @Test
  void everyRunOfTheResourceIsDeletedByAJobWithoutAnOwnerAndNothingStays() {
    FineTuneJob first = completed();
    bench.patch(FineTuneJob.class, "spam-lora", "{\"spec\":{\"rerun\":\"again\"}}");
    FineTuneJob second =
        bench.fineTune(
            "spam-lora",
            job ->
                job.getStatus().job() != null
                    && !job.getStatus().job().hash().equals(first.getStatus().job().hash()));
    // The second run is in its middle: nobody may write while its folder is deleted.
    Job running = bench.await(Job.class, second.getStatus().job().name(), found -> true);
    Pod pod = kubelet.podOf(running);
    kubelet.running(pod, "trainer");
    delete(second);
    bench.awaitGone(Job.class, running.getMetadata().getName());
    bench.fineTune(
        "spam-lora",
        job -> message(conditions(job), "Ready").contains(pod.getMetadata().getName()));
    bench.client().resource(pod).withGracePeriod(0).delete();
    Job deletion = bench.await(Job.class, deletionJob(second), found -> true);
    assertThat(deletion.getMetadata().getOwnerReferences()).isEmpty();
    List<String> arguments =
        deletion.getSpec().getTemplate().getSpec().getContainers().getFirst().getArgs();
    assertThat(arguments)
        .startsWith(
            "store", "delete", "--uri", OUTPUT, "--kind", "FineTuneJob", "--name", "spam-lora")
        .contains(first.getStatus().job().hash(), second.getStatus().job().hash());
    FineTuneJob deleting = bench.fineTune("spam-lora", fineTuneIs("Deleting"));
    assertThat(deleting.getStatus().job().hash()).isEqualTo(second.getStatus().job().hash());
    kubelet.succeed(deletion);
    bench.awaitGone(FineTuneJob.class, "spam-lora");
    bench.awaitGone(Job.class, deletion.getMetadata().getName());
  }

  @Test
  void aForegroundDeletionComesToItsEndToo() {
    FineTuneJob resource = completed();
    bench
        .client()
        .resource(resource)
        .withPropagationPolicy(DeletionPropagation.FOREGROUND)
        .delete();
    Job deletion = bench.await(Job.class, deletionJob(resource), found -> true);
    kubelet.succeed(deletion);
    // Its own finalizer is the garbage collector's, which does not run here.
    bench.fineTune("spam-lora", job -> !job.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER));
    bench.awaitGone(Job.class, deletion.getMetadata().getName());
    bench.patch(FineTuneJob.class, "spam-lora", "{\"metadata\":{\"finalizers\":null}}");
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void withRetainThereIsNoFinalizerAndOneThatIsLeftIsTaken() {
    FineTuneJob resource = completed();
    bench.patch(
        FineTuneJob.class, "spam-lora", "{\"spec\":{\"output\":{\"deletionPolicy\":\"Retain\"}}}");
    bench.fineTune("spam-lora", job -> !job.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER));
    delete(resource);
    bench.awaitGone(FineTuneJob.class, "spam-lora");
    assertThat(bench.jobs("spam-lora")).hasSize(1);
  }

  @Test
  void whatIsServedStaysUntilItIsServedNoMore() {
    FineTuneJob resource = completed();
    bench.apply(
        Workbench.SERVE,
        yaml ->
            yaml.replace("kind: CompressionJob", "kind: FineTuneJob")
                .replace("name: spam-int8", "name: spam-lora"));
    Deployment deployment = bench.await(Deployment.class, "spam", found -> true);
    Pod pod = kubelet.podOf(deployment);
    kubelet.running(pod, "server");
    delete(resource);
    FineTuneJob waiting = bench.fineTune("spam-lora", fineTuneIs("Deleting"));
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "waits to delete %s until it is no longer used by InferenceDeployment spam; delete that, or give it another model"
                .formatted(resource.getStatus().artifact().uri()));
    bench.awaitEvent("spam-lora", event -> event.startsWith("Deleting: waits to delete "));
    bench.patch(
        InferenceDeployment.class,
        "spam",
        "{\"spec\":{\"model\":{\"from\":null,\"uri\":\"pvc://spam-filter/other\"}}}");
    bench.await(
        Deployment.class,
        "spam",
        found ->
            "pvc://spam-filter/other"
                .equals(
                    found
                        .getSpec()
                        .getTemplate()
                        .getMetadata()
                        .getAnnotations()
                        .get(Serving.URI_ANNOTATION)));
    // The rollout goes on: a pod of before still serves.
    assertThat(bench.jobs("spam-lora")).hasSize(1);
    bench.client().resource(pod).withGracePeriod(0).delete();
    kubelet.succeed(bench.await(Job.class, deletionJob(resource), found -> true));
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void aResourceThatOnlyRefersToItDoesNotHoldIt() {
    FineTuneJob resource = completed();
    bench.apply(Workbench.COMPRESS, yaml -> yaml + "  runPolicy:\n    suspend: true\n");
    bench.job("spam-int8");
    delete(resource);
    kubelet.succeed(bench.await(Job.class, deletionJob(resource), found -> true));
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void aRunThatReadsItHoldsItUntilItEnds() {
    FineTuneJob resource = completed();
    bench.apply(Workbench.COMPRESS);
    Job reader = bench.job("spam-int8");
    delete(resource);
    bench.fineTune(
        "spam-lora",
        job -> message(conditions(job), "Ready").contains("used by CompressionJob spam-int8;"));
    kubelet.result(reader, "result.compress.json", artifact(reader), DIGEST_B);
    kubelet.succeed(reader);
    kubelet.succeed(bench.await(Job.class, deletionJob(resource), found -> true));
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void aDeletionThatFailsForGoodIsSaidAndHoldsNothing() {
    FineTuneJob resource = completed();
    delete(resource);
    Job deletion = bench.await(Job.class, deletionJob(resource), found -> true);
    Pod pod = kubelet.podOf(deletion);
    kubelet.ended(
        pod,
        "trainer",
        64,
        "Error",
        "{\"reason\":\"OutputNotWritable\",\"message\":\"It can't be deleted.\"}");
    kubelet.fail(deletion, "PodFailurePolicy", 1);
    bench.awaitGone(FineTuneJob.class, "spam-lora");
    bench.awaitGone(Job.class, deletion.getMetadata().getName());
    bench.awaitEvent(
        "spam-lora",
        ("ArtifactKept: %s could not be deleted and may be left on the volume: It can't be deleted."
                .formatted(resource.getStatus().artifact().uri()))
            ::equals);
  }

  @Test
  void withoutItsClaimThereIsNothingToDelete() {
    FineTuneJob resource = completed();
    bench
        .client()
        .persistentVolumeClaims()
        .inNamespace(bench.namespace())
        .withName("spam-filter")
        .delete();
    delete(resource);
    bench.awaitGone(FineTuneJob.class, "spam-lora");
    bench.awaitEvent(
        "spam-lora",
        event ->
            event.startsWith("ArtifactKept: PersistentVolumeClaim spam-filter is gone or going"));
  }

  @Test
  void aNamespaceThatGoesAwayIsNotHeld() {
    FineTuneJob resource = completed();
    bench.client().namespaces().withName(bench.namespace()).delete();
    // Nobody empties the namespace here: the resource is deleted as its controller would.
    delete(resource);
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void aResourceWithoutARunIsDeletedAtOnce() {
    HasMetadata waiting =
        bench.apply(
            Workbench.COMPRESS,
            yaml ->
                yaml.replaceFirst(
                    "(uri: pvc://spam-filter/artifacts)", "$1\n    deletionPolicy: Delete"));
    bench.compression("spam-int8", job -> job.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER));
    delete(waiting);
    bench.awaitGone(dev.hone.api.compression.CompressionJob.class, "spam-int8");
    assertThat(bench.jobs("spam-int8")).isEmpty();
  }
}
