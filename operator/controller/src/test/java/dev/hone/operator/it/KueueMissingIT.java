package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Labels;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.junit.jupiter.api.Test;

/** A queue's label where nobody has installed Kueue. */
@WithApiServer
class KueueMissingIT extends OperatorTest {

  @Test
  void itIsSaidThatNobodyStartsTheRunAndWithoutTheLabelItStarts() {
    bench.apply(
        Workbench.FINE_TUNE,
        yaml ->
            yaml.replace(
                "  name: spam-lora\n",
                "  name: spam-lora\n  labels: {kueue.x-k8s.io/queue-name: gpus}\n"));
    String name = bench.job("spam-lora").getMetadata().getName();
    FineTuneJob waiting =
        bench.fineTune(
            "spam-lora", job -> message(conditions(job), "Ready").contains("not installed"));
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "nobody starts Job %s: it names the queue gpus, but Kueue is not installed; install it, or take the label"
                    .formatted(name)
                + " kueue.x-k8s.io/queue-name off");
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"metadata\":{\"labels\":{\"kueue.x-k8s.io/queue-name\":null}}}");
    Job started =
        bench.await(Job.class, name, job -> Boolean.FALSE.equals(job.getSpec().getSuspend()));
    assertThat(started.getMetadata().getLabels()).doesNotContainKey(Labels.QUEUE);
  }
}
