package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Labels;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs in a queue. What plays Kueue is a {@link KueueStandIn}; the API server is real. */
@WithApiServer
class KueueIT extends OperatorTest {

  private static final String PAUSE = "{\"spec\":{\"runPolicy\":{\"suspend\":true}}}";
  private static final String RELEASE = "{\"spec\":{\"runPolicy\":{\"suspend\":false}}}";

  private KueueStandIn kueue;
  private boolean rights = true;

  @BeforeAll
  static void install(ApiServer server) {
    KueueStandIn.install(server);
  }

  @AfterAll
  static void uninstall(ApiServer server) {
    KueueStandIn.uninstall(server);
  }

  @Override
  RunningOperator newOperator(ApiServer server, int modelPort) {
    return rights
        ? RunningOperator.startWithKueue(server, bench.namespace(), modelPort)
        : super.newOperator(server, modelPort);
  }

  @AfterEach
  void nobodyButKueueStartedOrStoppedAJob() {
    kueue.close();
    assertThat(kueue.corrections()).isZero();
  }

  private void room(int jobs) {
    kueue = new KueueStandIn(bench.client(), bench.namespace(), jobs);
  }

  private void apply(String name, String runPolicy) {
    UnaryOperator<String> queued =
        yaml ->
            yaml.replace(
                    "  name: spam-lora\nspec:",
                    "  name: %s\n  labels: {kueue.x-k8s.io/queue-name: gpus, kueue.x-k8s.io/priority-class: high}\nspec:"
                        .formatted(name))
                + runPolicy;
    bench.apply(Workbench.FINE_TUNE, queued);
  }

  private Job started(String name) {
    return bench.await(Job.class, name, job -> Boolean.FALSE.equals(job.getSpec().getSuspend()));
  }

  private Job held(String name) {
    return bench.await(Job.class, name, job -> Boolean.TRUE.equals(job.getSpec().getSuspend()));
  }

  private FineTuneJob queued(String name, String part) {
    return bench.fineTune(
        name,
        job -> fineTuneIs("Queued").test(job) && message(conditions(job), "Ready").contains(part));
  }

  @Test
  void kueueAloneStartsARunAndTheConditionSaysWhatItWaitsFor() {
    room(1);
    apply("first", "");
    Job first = bench.job("first");
    assertThat(first.getMetadata().getLabels())
        .containsEntry(Labels.QUEUE, "gpus")
        .containsEntry(Labels.QUEUE_PRIORITY, "high");
    String name = started(first.getMetadata().getName()).getMetadata().getName();
    bench.fineTune("first", fineTuneIs("Pending"));
    apply("second", "");
    Job second = bench.job("second");
    FineTuneJob waiting = queued("second", KueueStandIn.NO_ROOM);
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo("waits in queue gpus: " + KueueStandIn.NO_ROOM);
    bench.awaitEvent("second", event -> event.startsWith("Queued: "));
    assertThat(held(second.getMetadata().getName()).getStatus().getStartTime()).isNull();
    kubelet.succeed(bench.await(Job.class, name, job -> true));
    started(second.getMetadata().getName());
    bench.fineTune("second", fineTuneIs("Pending"));
  }

  @Test
  void aPauseGoesThroughTheWorkload() {
    room(1);
    apply("spam-lora", "");
    Job job = started(bench.job("spam-lora").getMetadata().getName());
    Pod pod = kubelet.podOf(job);
    kubelet.running(pod, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
    bench.patch(FineTuneJob.class, "spam-lora", PAUSE);
    held(job.getMetadata().getName());
    bench.fineTune("spam-lora", fineTuneIs("Suspended"));
    assertThat(KueueStandIn.isActive(kueue.workload(job).orElseThrow())).isFalse();
    bench.patch(FineTuneJob.class, "spam-lora", RELEASE);
    Job again = started(job.getMetadata().getName());
    assertThat(again.getMetadata().getUid()).isEqualTo(job.getMetadata().getUid());
    assertThat(kueue.workload(job).orElseThrow().getMetadata().getAnnotations()).isNullOrEmpty();
    bench.fineTune("spam-lora", fineTuneIs("Running"));
  }

  @Test
  void whatIsPreemptedWaitsAgainAndGoesOnAsTheSameJob() {
    room(1);
    apply("spam-lora", "");
    Job job = started(bench.job("spam-lora").getMetadata().getName());
    String why = "Preempted to accommodate a workload of higher priority";
    kueue.preempt(job, why);
    FineTuneJob waiting = queued("spam-lora", why);
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo("was stopped by Kueue and waits in queue gpus again: " + why);
    kueue.quota(1);
    started(job.getMetadata().getName());
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    assertThat(bench.jobs("spam-lora")).hasSize(1);
  }

  @Test
  void aRunThatIsHeldFromTheStartComesIntoTheQueueWhenItIsReleased() {
    room(1);
    apply("spam-lora", "  runPolicy: {suspend: true}\n");
    Job job = bench.job("spam-lora");
    bench.fineTune("spam-lora", fineTuneIs("Suspended"));
    assertThat(job.getMetadata().getLabels()).doesNotContainKey(Labels.QUEUE);
    assertThat(job.getSpec().getSuspend()).isTrue();
    bench.patch(FineTuneJob.class, "spam-lora", RELEASE);
    assertThat(started(job.getMetadata().getName()).getMetadata().getLabels())
        .containsEntry(Labels.QUEUE, "gpus");
  }

  @Test
  void aWorkloadThatSomebodyElseDeactivatedStaysSo() {
    room(1);
    apply("spam-lora", "");
    Job job = started(bench.job("spam-lora").getMetadata().getName());
    kueue.deactivate(job);
    held(job.getMetadata().getName());
    FineTuneJob waiting = queued("spam-lora", "not by Hone");
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "Workload %s was deactivated, not by Hone: The workload is deactivated; set its spec.active to true to go on"
                .formatted(kueue.workload(job).orElseThrow().getMetadata().getName()));
    assertThat(KueueStandIn.isActive(kueue.workload(job).orElseThrow())).isFalse();
  }

  @Test
  void withoutTheRightToReadWorkloadsRunsStartAllTheSame() {
    stopOperator();
    rights = false;
    startOperator();
    room(0);
    apply("spam-lora", "");
    Job job = bench.job("spam-lora");
    FineTuneJob waiting = queued("spam-lora", "why is not known");
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "waits in queue gpus; why is not known, because the operator may not read Workloads:"
                + " set kueue.enabled in its chart");
    kueue.quota(1);
    started(job.getMetadata().getName());
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.patch(FineTuneJob.class, "spam-lora", PAUSE);
    FineTuneJob goesOn =
        bench.fineTune(
            "spam-lora", found -> message(conditions(found), "Ready").contains("cannot hold it"));
    assertThat(fineTuneIs("Pending").test(goesOn)).isTrue();
  }
}
