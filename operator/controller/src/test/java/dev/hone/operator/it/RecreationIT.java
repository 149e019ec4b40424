package dev.hone.operator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import org.junit.jupiter.api.Test;

/** What is deleted and applied again at once, as a GitOps tool may do, is looked at again. */
class RecreationIT extends OperatorTest {

  /**
   * So many that one of them meets the pass over the deletion; a third to a half of runs of 60 did.
   */
  private static final int ROUNDS = 300;

  @Test
  void aResourceThatIsAppliedAgainAtOnceGetsAStatus() {
    HasMetadata resource = bench.apply(Workbench.FINE_TUNE);
    bench.job("spam-lora");
    for (int round = 0; round < ROUNDS; round++) {
      bench.client().resource(resource).delete();
      resource = bench.apply(Workbench.FINE_TUNE);
      FineTuneJob seen = bench.fineTune("spam-lora", found -> found.getStatus() != null);
      assertThat(seen.getMetadata().getUid()).isEqualTo(resource.getMetadata().getUid());
    }
  }
}
