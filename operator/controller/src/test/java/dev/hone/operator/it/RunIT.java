package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.compressionIs;
import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.api.Names;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What happens to a run when something else happens. */
@WithApiServer
class RunIT extends OperatorTest {

  private static final String URI = "pvc://spam-filter/artifacts/x";

  @Test
  void anOperatorThatStartsAgainInMidRunMakesNoSecondJob() {
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    Pod pod = kubelet.podOf(job);
    kubelet.running(pod, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
    stopOperator();
    // What happens meanwhile is found by the next one.
    kubelet.result(job, "result.finetune.json", URI, DIGEST_A);
    kubelet.ended(pod, "trainer", 0, "Completed", null);
    kubelet.succeed(job);
    startOperator();
    FineTuneJob done = bench.fineTune("spam-lora", fineTuneIs("Completed"));
    assertThat(done.getStatus().job().uid()).isEqualTo(job.getMetadata().getUid());
    assertThat(bench.jobs("spam-lora")).hasSize(1);
  }

  @Test
  void aResourceRestoredWithoutItsStatusNamesTheSameJobAndShowsWhatIsReused() {
    HasMetadata first = bench.apply(Workbench.FINE_TUNE);
    Job before = bench.job("spam-lora");
    bench.client().resource(first).delete();
    // Nobody collects garbage here: the Job of the earlier resource is still in the way.
    bench.apply(Workbench.FINE_TUNE);
    FineTuneJob waiting =
        bench.fineTune(
            "spam-lora", job -> message(conditions(job), "Ready").contains("earlier FineTuneJob"));
    assertThat(waiting.getStatus().job()).isNull();
    bench.client().resource(before).withGracePeriod(0).delete();
    bench.await(
        Job.class,
        before.getMetadata().getName(),
        job -> !job.getMetadata().getUid().equals(before.getMetadata().getUid()));
    Job again = bench.job("spam-lora");
    kubelet.result(again, "result.finetune.json", URI, DIGEST_A, true);
    FineTuneJob reused = bench.fineTune("spam-lora", fineTuneIs("Reused"));
    assertThat(ConditionSet.isTrue(conditions(reused), "Ready")).isTrue();
    assertThat(reused.getStatus().artifact().reused()).isTrue();
  }

  @Test
  void everythingThatIsMadeIsOwnedSoThatADeletionLeavesNothing() {
    HasMetadata resource = bench.apply(Workbench.FINE_TUNE);
    assertThat(resource.getMetadata().getFinalizers()).isEmpty();
    Job job = bench.job("spam-lora");
    ConfigMap config = bench.await(ConfigMap.class, job.getMetadata().getName(), found -> true);
    for (HasMetadata made : List.of(job, config)) {
      OwnerReference owner = made.getMetadata().getOwnerReferences().getFirst();
      assertThat(owner.getUid()).isEqualTo(resource.getMetadata().getUid());
      assertThat(owner.getController()).isTrue();
      assertThat(owner.getBlockOwnerDeletion()).isTrue();
    }
    bench.client().resource(resource).delete();
    bench.awaitGone(FineTuneJob.class, "spam-lora");
  }

  @Test
  void suspendHoldsAndReleasesTheSameJob() {
    bench.apply(Workbench.FINE_TUNE, yaml -> yaml + "  runPolicy:\n    suspend: true\n");
    Job job = bench.job("spam-lora");
    assertThat(job.getSpec().getSuspend()).isTrue();
    bench.fineTune("spam-lora", fineTuneIs("Suspended"));
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"runPolicy\":{\"suspend\":false,\"activeDeadlineSeconds\":900}}}");
    Job released =
        bench.await(
            Job.class,
            job.getMetadata().getName(),
            found -> Boolean.FALSE.equals(found.getSpec().getSuspend()));
    assertThat(released.getSpec().getActiveDeadlineSeconds()).isEqualTo(900);
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"runPolicy\":{\"activeDeadlineSeconds\":null}}}");
    bench.await(
        Job.class,
        job.getMetadata().getName(),
        found -> found.getSpec().getActiveDeadlineSeconds() == null);
    assertThat(bench.jobs("spam-lora")).hasSize(1);
  }

  @Test
  void aCanceledRunIsOverUntilAnotherRerun() {
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    kubelet.running(kubelet.podOf(job), "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
    bench.patch(FineTuneJob.class, "spam-lora", "{\"spec\":{\"runPolicy\":{\"cancel\":true}}}");
    bench.awaitGone(Job.class, job.getMetadata().getName());
    FineTuneJob canceled = bench.fineTune("spam-lora", fineTuneIs("Cancelled"));
    assertThat(message(conditions(canceled), "Ready")).contains("cancel ended the run");
    assertThat(canceled.getStatus().completionTime()).isNotNull();
    assertThat(canceled.getStatus().job().uid()).isEqualTo(job.getMetadata().getUid());
    // A result that its pod still hands in comes too late.
    kubelet.result(job, "result.finetune.json", URI, DIGEST_A);
    stopOperator();
    startOperator();
    bench.apply(Workbench.COMPRESS);
    CompressionJob waiting =
        bench.compression(
            "spam-int8", found -> message(conditions(found), "Ready").contains("canceled"));
    assertThat(message(conditions(waiting), "Ready"))
        .startsWith("waits for FineTuneJob spam-lora, which was canceled: ");
    assertThat(bench.jobs("spam-lora")).isEmpty();

    assertThatThrownBy(
            () ->
                bench.patch(
                    FineTuneJob.class,
                    "spam-lora",
                    "{\"spec\":{\"runPolicy\":{\"cancel\":false}}}"))
        .hasMessageContaining("can be taken back only together with spec.rerun");
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"rerun\":\"again\",\"runPolicy\":{\"cancel\":false}}}");
    assertThat(bench.job("spam-lora").getMetadata().getName())
        .isNotEqualTo(job.getMetadata().getName());
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
  }

  @Test
  void anotherRerunEndsTheJobThatGoesOnAndStartsAnother() {
    bench.apply(Workbench.FINE_TUNE);
    Job first = bench.job("spam-lora");
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.patch(FineTuneJob.class, "spam-lora", "{\"spec\":{\"rerun\":\"again\"}}");
    bench.awaitGone(Job.class, first.getMetadata().getName());
    FineTuneJob now =
        bench.fineTune(
            "spam-lora",
            job ->
                job.getStatus().job() != null
                    && !job.getStatus().job().name().equals(first.getMetadata().getName()));
    assertThat(bench.job("spam-lora").getMetadata().getName())
        .isEqualTo(now.getStatus().job().name());
  }

  @Test
  void aJobThatSomebodyDeletesIsMadeAgain() {
    bench.apply(Workbench.FINE_TUNE);
    Job first = bench.job("spam-lora");
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.client().resource(first).delete();
    Job second =
        bench.await(
            Job.class,
            first.getMetadata().getName(),
            job -> !job.getMetadata().getUid().equals(first.getMetadata().getUid()));
    bench.fineTune(
        "spam-lora", job -> second.getMetadata().getUid().equals(job.getStatus().job().uid()));
  }

  @Test
  void aGateThatIsNotMetIsSaidWithFiguresAndRelaxedLaterWithoutANewRun() {
    bench.apply(
        Workbench.COMPRESS,
        yaml ->
            yaml.replaceFirst(
                    "from:\\s+kind: FineTuneJob\\s+name: spam-lora", "uri: pvc://spam-filter/m")
                .replace("maxSizeRatio: 0.30", "maxSizeRatio: 0.2"));
    Job job = bench.job("spam-int8");
    kubelet.result(job, "result.compress.json", URI, DIGEST_B);
    kubelet.succeed(job);
    CompressionJob rejected = bench.compression("spam-int8", compressionIs("Rejected"));
    assertThat(ConditionSet.isTrue(conditions(rejected), "Ready")).isFalse();
    assertThat(message(conditions(rejected), "Accepted"))
        .startsWith("the gate is not met (maxSizeRatio): ")
        .contains("size ratio 0.25, allowed is at most 0.2");
    assertThat(rejected.getStatus().artifact().digest()).isEqualTo(DIGEST_B);
    bench.patch(CompressionJob.class, "spam-int8", "{\"spec\":{\"gate\":{\"maxSizeRatio\":0.3}}}");
    CompressionJob accepted = bench.compression("spam-int8", compressionIs("Completed"));
    assertThat(ConditionSet.isTrue(conditions(accepted), "Accepted")).isTrue();
    assertThat(bench.jobs("spam-int8")).hasSize(1);
    bench.awaitEvent("spam-int8", event -> event.startsWith("Rejected: "));
  }

  @Test
  void aConfigMapThatARunNeedsIsMadeAgain() {
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    String name = job.getMetadata().getName();
    ConfigMap first = bench.await(ConfigMap.class, name, found -> true);
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.client().resource(first).delete();
    ConfigMap second =
        bench.await(
            ConfigMap.class,
            name,
            found -> !found.getMetadata().getUid().equals(first.getMetadata().getUid()));
    assertThat(second.getData()).isEqualTo(first.getData()).containsKey(Names.CA_KEY);
  }
}
