package dev.hone.operator.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.contract.Phase;
import dev.hone.contract.ProgressReport;
import dev.hone.contract.RunResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportParserTest {
  private static final String VALID =
      """
      {"contractVersion":"v1","hash":"a1b2c3d4e5","phase":"Training","percent":42.5,\
      "time":"2026-01-02T03:04:05Z"}""";

  private final ReportParser parser = new ReportParser();

  @Test
  void readsAValidProgressReport() throws Exception {
    ProgressReport report = parser.progress(sample("valid/progress.training.json"));
    assertThat(report.phase()).isEqualTo(Phase.TRAINING);
    assertThat(report.percent()).isEqualTo(42.5);
    assertThat(report.step()).isEqualTo(34);
  }

  @ParameterizedTest
  @ValueSource(strings = {"valid/result.finetune.json", "valid/result.compress.json"})
  void readsAValidResult(String sample) throws Exception {
    RunResult result = parser.result(sample(sample));
    assertThat(result.artifact().digest()).startsWith("sha256:");
  }

  @Test
  void saysWhichMemberIsWrong() {
    assertRefused(sampleText("invalid/progress.over-hundred.json"), "/percent");
    assertRefused(sampleText("invalid/progress.unknown-phase.json"), "/phase");
    assertRefused(VALID.replace("\"percent\":42.5,", ""), "percent");
    assertRefused(VALID.replace("42.5", "\"42.5\""), "/percent");
    assertRefused(VALID.replace("{", "{\"steps\":3,"), "steps");
    assertRefused(VALID.replace("a1b2c3d4e5", "not/a/hash"), "/hash");
  }

  @ParameterizedTest
  @ValueSource(strings = {"invalid/result.no-reused.json", "invalid/result.other-digest.json"})
  void refusesAnInvalidResult(String sample) {
    assertThatThrownBy(() -> parser.result(sample(sample)))
        .isInstanceOfSatisfying(
            ReportRefusedException.class,
            refusal -> assertThat(refusal.reason()).isEqualTo(Refusal.MALFORMED));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "   ",
        "null",
        "[]",
        "{",
        "{}{}",
        "{'a':1}",
        "{\"loss\":NaN}",
        "<xml/>",
        "{\"a\":1,\"a\":2}",
        "\u0000",
      })
  void refusesWhatIsNoReport(String body) {
    assertRefused(body, ".");
  }

  @Test
  void refusesWhatStandsTwiceOrBehindTheDocument() {
    assertRefused(VALID.replace("{", "{\"percent\":1,"), "Duplicate");
    assertRefused(VALID + " true", "JSON");
  }

  @Test
  void refusesANumberThatIsNotFinite() {
    assertRefused(VALID.replace("{", "{\"loss\":1e999,"), "not finite");
  }

  @Test
  void refusesDeepNestingInsteadOfOverflowingTheStack() {
    assertRefused("[".repeat(10_000), "JSON");
  }

  @Test
  void refusesTextThatIsNotUtf8() {
    byte[] latin1 =
        VALID.replace("{", "{\"message\":\"\u00e9\",").getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> parser.progress(latin1)).isInstanceOf(ReportRefusedException.class);
  }

  private void assertRefused(String body, String part) {
    assertThatThrownBy(() -> parser.progress(body.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(
            ReportRefusedException.class,
            refusal -> {
              assertThat(refusal.reason()).isEqualTo(Refusal.MALFORMED);
              assertThat(refusal.sentence()).contains(part).endsWith(".");
            });
  }

  private static String sampleText(String name) {
    return new String(sample(name), StandardCharsets.UTF_8);
  }

  private static byte[] sample(String name) {
    try (InputStream stream =
        ReportParserTest.class.getResourceAsStream("/contract/v1/samples/" + name)) {
      return Objects.requireNonNull(stream, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
