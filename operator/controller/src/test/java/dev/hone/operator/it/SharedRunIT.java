package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A run that several nodes share. */
@WithApiServer
class SharedRunIT extends OperatorTest {

  private static final UnaryOperator<String> TWO_NODES =
      yaml -> yaml.replace("    gpus: 1", "    nodes: 2");

  private static final UnaryOperator<String> FOR_MANY_NODES =
      yaml -> yaml.replace("ReadWriteOnce", "ReadWriteMany");

  @Test
  void itsJobIsIndexedAndItsServiceComesAndGoesWithIt() {
    bench.apply("00-volume.yaml", FOR_MANY_NODES);
    bench.apply(Workbench.FINE_TUNE, TWO_NODES);
    Job job = bench.job("spam-lora");
    assertThat(job.getSpec().getCompletionMode()).isEqualTo("Indexed");
    assertThat(job.getSpec().getSuccessPolicy().getRules().getFirst().getSucceededIndexes())
        .isEqualTo("0");
    String name = job.getMetadata().getName();
    Service service = bench.await(Service.class, name, found -> true);
    assertThat(service.getMetadata().getOwnerReferences().getFirst().getUid())
        .isEqualTo(job.getMetadata().getUid());
    assertThat(service.getSpec().getClusterIP()).isEqualTo("None");
    assertThat(service.getSpec().getPublishNotReadyAddresses()).isTrue();

    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    bench.client().resource(service).delete();
    bench.await(
        Service.class,
        name,
        found -> !found.getMetadata().getUid().equals(service.getMetadata().getUid()));
  }

  @Test
  void aVolumeOfOneNodeHoldsItUntilAnotherOneTakesItsPlace() {
    bench.apply("00-volume.yaml");
    bench.apply(Workbench.FINE_TUNE, TWO_NODES);
    FineTuneJob held = bench.fineTune("spam-lora", fineTuneIs("VolumeNotShared"));
    assertThat(message(conditions(held), "Ready"))
        .isEqualTo(
            "PersistentVolumeClaim spam-filter can be mounted by one node alone (ReadWriteOnce), but"
                + " spec.resources.nodes is 2; name a claim with the access mode ReadWriteMany, or write nodes: 1");
    assertThat(bench.jobs("spam-lora")).isEmpty();
    var claim =
        bench
            .client()
            .persistentVolumeClaims()
            .inNamespace(bench.namespace())
            .withName("spam-filter");
    // Nobody else takes away the finalizer of a volume that is not in use.
    claim.edit(
        found -> {
          found.getMetadata().setFinalizers(null);
          return found;
        });
    claim.delete();
    bench.awaitGone(PersistentVolumeClaim.class, "spam-filter");
    bench.apply("00-volume.yaml", FOR_MANY_NODES);
    bench.job("spam-lora");
  }

  @Test
  void theFailureOfOnePodIsToldRatherThanWhatTheOthersSufferedFromIt() {
    bench.apply("00-volume.yaml", FOR_MANY_NODES);
    bench.apply(Workbench.FINE_TUNE, TWO_NODES);
    Job job = bench.job("spam-lora");
    Pod first = kubelet.podOf(job, 0);
    Pod second = kubelet.podOf(job, 1);
    kubelet.running(first, "trainer");
    bench.fineTune("spam-lora", s -> message(conditions(s), "Ready").startsWith("1 of 2 pods of"));
    kubelet.running(second, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));

    kubelet.ended(first, "trainer", 137, "OOMKilled", null);
    kubelet.ended(
        second,
        "trainer",
        1,
        "Error",
        "{\"reason\":\"PeerLost\",\"message\":\"Another process of the run was lost.\"}");
    FineTuneJob retrying = bench.fineTune("spam-lora", fineTuneIs("Retrying"));
    assertThat(message(conditions(retrying), "Ready")).contains("ran out of memory");
    assertThat(job.getSpec().getBackoffLimit()).isEqualTo(7);
  }
}
