package dev.hone.operator.progress.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.common.ProgressSummary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressSummariesTest {

  @Test
  void roundsEveryFigure() {
    assertThat(ProgressSummaries.of(42.5, 34L, 80L, 0.31, 38.0))
        .isEqualTo(new ProgressSummary("42%", "34/80", "0.3100", "38s"));
  }

  @Test
  void leavesOutWhatIsNotKnown() {
    assertThat(ProgressSummaries.of(3, null, null, null, null))
        .isEqualTo(new ProgressSummary("3%", null, null, null));
  }

  @Test
  void neverShowsHundredPercentTooEarly() {
    assertThat(ProgressSummaries.of(99.99, null, null, null, null).percent()).isEqualTo("99%");
  }

  @ParameterizedTest
  @CsvSource({"0,0s", "0.2,1s", "59,59s", "60,1m0s", "98,1m38s", "3600,1h0m", "90000,1d1h"})
  void saysAnEtaInTwoUnitsAtMost(double seconds, String expected) {
    assertThat(ProgressSummaries.of(0, null, null, null, seconds).eta()).isEqualTo(expected);
  }
}
