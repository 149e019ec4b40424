package dev.hone.operator.resolve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.contract.ResolvedModel;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResolutionTest {

  private static final Resolution MODEL =
      Resolution.resolved(new ResolvedModel("pvc://a/b", null, null), null, "an address", "ONNX");
  private static final Resolution TAKEN =
      Resolution.resolved(
          new ResolvedModel("pvc://c/d", null, null), "FineTuneJob t", "takes t", null);
  private static final Resolution MISSING =
      Resolution.missing("FineTuneJob u", Reason.REFERENCE_NOT_READY, "waits for u");
  private static final Resolution CYCLE =
      Resolution.missing("FineTuneJob v", Reason.REFERENCE_CYCLE, "refers to itself");

  @Test
  void aModelAloneIsWhatItWas() {
    assertThat(MODEL.with(List.of())).isEqualTo(MODEL);
    assertThat(MISSING.with(List.of())).isEqualTo(MISSING);
  }

  @Test
  void everythingThatIsThereIsSaidOfTheModel() {
    assertThat(MODEL.with(List.of(TAKEN, TAKEN)))
        .isEqualTo(
            new Resolution(MODEL.model(), null, Reason.RESOLVED, "takes t; takes t", "ONNX"));
    assertThat(TAKEN.with(List.of(TAKEN)).source()).isEqualTo("FineTuneJob t");
  }

  @Test
  void theFirstThatIsMissingIsWaitedForUnlessWaitingNeverEnds() {
    assertThat(MODEL.with(List.of(TAKEN, MISSING))).isEqualTo(MISSING);
    assertThat(MISSING.with(List.of(TAKEN))).isEqualTo(MISSING);
    assertThat(MISSING.with(List.of(MISSING, CYCLE))).isEqualTo(CYCLE);
  }
}
